"""The score-function rule against NumPy, in searches in float64."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.oracles import costs
from tests.oracles import paths as oracle

import gapless.methods
from gapless.core.training import Optim
from gapless.engine.check import conflicts
from gapless.nets.descent import Descent
from gapless.nets.gate import onehot
from gapless.nets.statistics import normalizations, still
from gapless.parts.relax.two_path import TwoPath
from gapless.parts.sample.chance import draw, log_chance
from gapless.parts.update.score import BASELINE, Score
from gapless.testing.methods import SPACES, shortened, started

EXACT = 1e-10
LR = 3.0


def searching(rule, tiny=SPACES[0], **stage):
    recipe = shortened(gapless.methods.get("darts", "quick"))
    stages = (replace(recipe.stages[0], update=rule, **stage),)
    run = started(replace(recipe, stages=stages), tiny, double=True)
    run.alphas = Descent(run.alpha, Optim("sgd", LR, (0.0, 0.0), 0.0))
    return run


def drawn(run, n):
    rng = run.streams.generator("score")
    return [draw(run.choices, run.gates(), rng) for _ in range(n)]


def accuracy(run, arch):
    x, y = run.batches()[1]
    with torch.no_grad(), still(run.net):
        return np.mean((run.net(x, onehot(run.choices, arch)).argmax(1) == y).numpy())


def discount(run, arch, exponent):
    table = run.costs("macs")
    prices = [costs.price(run.choices, a, table) for a in run.choices]
    middle = (min(prices) + max(prices)) / 2
    return (middle / max(costs.price(run.choices, arch, table), 1.0)) ** exponent


@pytest.mark.parametrize("exponent", [0.0, 0.1])
def test_three_steps_of_a_chain(exponent):
    run, means = searching(Score(4, rate=0.7, exponent=exponent)), []
    options = run.choices.groups()[0].options
    for _ in range(3):
        archs = drawn(run, 4)
        rewards = [accuracy(run, a) * (discount(run, a, exponent) if exponent else 1.0) for a in archs]
        means.append(np.mean(rewards))
        baseline = oracle.baselines(means, 0.7)[-1]
        picks = [[options.index(a.option(f"layer{i}")) for i in range(2)] for a in archs]
        before = run.alpha["layers"].detach().numpy().copy()
        expected = before - LR * oracle.reinforce(before, picks, rewards, baseline)
        run.step()
        assert np.abs(run.alpha["layers"].detach().numpy() - expected).max() < EXACT
        assert abs(run.extra[BASELINE][0].item() - baseline) < EXACT
    assert len(set(means)) > 1
    assert np.abs(run.alpha["layers"].detach().numpy() - before).max() > 1e-4


def test_a_step_where_edges_are_picked():
    run = searching(Score(4), SPACES[1])
    archs = drawn(run, 4)
    rewards = torch.tensor([accuracy(run, a) for a in archs])
    moving = {n: t.detach().clone().requires_grad_() for n, t in run.alpha.items()}
    tables = {n: torch.softmax(t, -1) for n, t in moving.items()}
    chances = torch.stack([log_chance(run.choices, tables, a) for a in archs])
    slopes = torch.autograd.grad(-((rewards - rewards.mean()) * chances).mean(), list(moving.values()))
    run.step()
    for (name, before), slope in zip(moving.items(), slopes, strict=True):
        assert (run.alpha[name] - (before - LR * slope)).abs().max() < EXACT
    assert any(slope.abs().max() > 1e-4 for slope in slopes)


def test_statistics_and_weights_see_the_weight_step_alone():
    run, held = searching(Score(3)), searching(Score(3), freeze_alpha=1.0)
    run.step()
    held.step()
    seen = [[int(m.num_batches_tracked) for m in normalizations(each.net)] for each in (run, held)]
    assert seen[0] == seen[1]
    assert torch.equal(held.extra[BASELINE], torch.zeros(2, dtype=torch.float64))
    assert run.extra[BASELINE][1] == 1


def test_it_finds_what_pays():
    """With an exponent that makes cost all that counts, alpha moves to what is cheap."""
    run = searching(Score(8, exponent=20.0))
    run.alphas = Descent(run.alpha, Optim("adam", 0.2, (0.5, 0.999), 0.0))
    before = (run.gates()["layers"] * run.costs("macs")["layers"]).sum()
    while run.progress.step < run.progress.steps:
        run.step()
    assert (run.gates()["layers"] * run.costs("macs")["layers"]).sum() < before


@pytest.mark.parametrize(
    ("rule", "relax", "words"),
    [
        (Score(), TwoPath(), "those of 'TwoPath' are drawn themselves"),
        (Score(), None, "'score' needs a relaxation"),
        (Score(1, rate=1.0), "softmax", "2 architectures a step"),
        (Score(cost="watts"), "softmax", "not 'watts'"),
    ],
)
def test_what_does_not_go_together_is_said(rule, relax, words):
    recipe = gapless.methods.get("darts", "quick")
    stage = recipe.stages[0]
    stage = replace(stage, update=rule, relax=stage.relax if relax == "softmax" else relax)
    assert any(words in line for line in conflicts(replace(recipe, stages=(stage,)), SPACES[0][0]))
