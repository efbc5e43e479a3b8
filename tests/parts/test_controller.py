"""The controller and its policy against NumPy."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.oracles import policy as oracle

import gapless.methods
from gapless.core import Choice, Space
from gapless.core.training import Optim
from gapless.engine.check import conflicts
from gapless.nets.descent import Descent
from gapless.nets.gate import onehot
from gapless.nets.statistics import normalizations, still
from gapless.parts.mask.lowest_k import LowestK
from gapless.parts.sample.uniform import Uniform
from gapless.parts.update.controller import BASELINE, OPTIM, POLICY, Controller
from gapless.parts.update.paths import Paths
from gapless.parts.update.policy import Policy
from gapless.testing.methods import SPACES, advance, shortened, started

EXACT = 1e-10
LR = 0.5
OPS = Space((Choice("op", dict.fromkeys("abc")), Choice("size", dict.fromkeys("xy"))))
NESTED = Space((Choice("node", {"0": OPS, "1": OPS, "2": None}, pick=2), Choice("end", dict.fromkeys("pqr"))))


def plain(space):
    return [(c.name, c.pick, [(o, plain(c.inside(o))) for o in c.options]) for c in space.choices]


def made(space, hidden=5, bound=1.1, seed=0):
    policy = Policy(space, hidden, bound).double()
    policy.begin(np.random.default_rng(seed), width=1.5)
    with torch.no_grad():
        policy.bias.copy_(torch.from_numpy(np.random.default_rng(seed + 1).normal(size=policy.bias.shape)))
    return policy


def points(rng):
    while True:
        yield rng.random()


@pytest.mark.parametrize("bound", [0.0, 1.1])
@pytest.mark.parametrize("space", [NESTED, SPACES[0][0].choices, SPACES[1][0].choices])
def test_what_is_drawn_and_how_likely_it_was(space, bound):
    policy, seen = made(space, bound=bound), set()
    p = {name: value.detach().numpy() for name, value in policy.named_parameters()}
    for seed in range(20):
        arch, log_chance, entropy = policy.draw(np.random.default_rng(seed))
        taken, expected, uncertain = oracle.draw(p, plain(space), bound, points(np.random.default_rng(seed)))
        assert abs(log_chance.item() - expected) < EXACT
        assert abs(entropy.item() - uncertain) < EXACT
        assert arch in space
        assert all(option in arch.picked_at(path) for path, option in taken)
        seen.add(arch)
    assert len(seen) > 3


def test_parameters_begin_small_and_without_a_bias():
    policy = Policy(NESTED, 64, 1.1)
    policy.begin(np.random.default_rng(0))
    assert not policy.bias.any()
    for name, value in policy.named_parameters():
        assert value.abs().max() <= 0.1
        assert name == "bias" or value.abs().max() > 0.05


def searching(rule, tiny=SPACES[0], **stage):
    recipe = shortened(gapless.methods.get("enas", "quick"))
    run = started(
        replace(recipe, stages=(replace(recipe.stages[0], update=rule, **stage),)), tiny, double=True
    )
    run.extra[POLICY].double()
    named = dict(run.extra[POLICY].named_parameters())
    run.extra[OPTIM] = Descent(named, Optim("sgd", LR, (0.0, 0.0), 0.0))
    return run


@pytest.mark.parametrize("tiny", SPACES, ids=["chain", "darts"])
def test_a_move_of_the_policy(tiny):
    rule = Controller(n=3, every=1, entropy=0.1, keep=0.6)
    run = searching(rule, tiny)
    x, y = run.batches()[1]
    twin, rng = searching(rule, tiny), run.streams.generator("controller")
    with torch.no_grad():
        twin.extra[POLICY].load_state_dict(run.extra[POLICY].state_dict())
    drawn = [twin.extra[POLICY].draw(rng) for _ in range(3)]
    before = {n: v.detach().clone() for n, v in run.extra[POLICY].named_parameters()}
    run.step()
    with torch.no_grad(), still(run.net):
        run.net.train()
        right = [(run.net(x, onehot(run.choices, a)).argmax(1) == y).double().mean() for a, _, _ in drawn]
    rewards = [r.item() + 0.1 * e.item() for r, (_, _, e) in zip(right, drawn, strict=True)]
    gains, baseline = oracle.advantages(rewards, 0.6)
    value = -sum(g * c for g, (_, c, _) in zip(gains, drawn, strict=True)) / 3
    slopes = torch.autograd.grad(value, list(twin.extra[POLICY].parameters()))
    for (name, old), slope in zip(before.items(), slopes, strict=True):
        new = dict(run.extra[POLICY].named_parameters())[name]
        assert (new - (old - LR * slope)).abs().max() < EXACT
    assert max(slope.abs().max() for slope in slopes) > 1e-4
    assert abs(run.extra[BASELINE].item() - baseline) < EXACT


def test_it_moves_in_one_step_of_several_and_not_while_held():
    for rule, stage, moves in (
        (Controller(2, 2), {}, [1, 0, 1]),
        (Controller(2, 1), {"freeze_alpha": 1.0}, [0] * 3),
    ):
        run, found = searching(rule, **stage), []
        for _ in range(3):
            before = run.extra[POLICY].weight.detach().clone()
            run.step()
            found.append(int(not torch.equal(before, run.extra[POLICY].weight)))
        assert found == moves


def test_statistics_see_the_weight_step_alone():
    run = searching(Controller(3, 1))
    run.step()
    seen = {int(m.num_batches_tracked) for m in normalizations(run.net)}
    assert seen == {0, 1}


def test_it_learns_what_pays(monkeypatch):
    run = searching(Controller(8, 1, entropy=0.0, keep=0.8))
    named = dict(run.extra[POLICY].named_parameters())
    run.extra[OPTIM] = Descent(named, Optim("adam", 0.03, (0.0, 0.999), 0.0))
    monkeypatch.setattr(
        Controller, "_accuracy", lambda self, run, arch, val: float(arch.option("layer0") == "k3e2")
    )
    for _ in range(30):
        run.recipe.stages[0].update._learn(run, None)
        run.total += 1
    rng = np.random.default_rng(0)
    drawn = [run.recipe.stages[0].update.propose(run, rng).option("layer0") for _ in range(50)]
    assert drawn.count("k3e2") > 40


def test_the_best_proposal_is_taken_and_none_is_scored_twice():
    run = started(shortened(gapless.methods.get("enas", "quick")), SPACES[0])
    arch = advance(run)
    records = run.history
    assert len(records) == run.recipe.select.evaluations == len({r.arch for r in records})
    most = max(r.metrics["accuracy"] for r in records)
    assert next(r for r in records if r.arch == arch).metrics["accuracy"] == most


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sample": Uniform()}, "takes no sampler"),
        ({"mask": LowestK(1)}, "works with no mask"),
        ({"update": Controller(every=0)}, "at least 1"),
        ({"update": Paths(), "sample": Uniform()}, "'Paths' proposes nothing"),
    ],
)
def test_what_does_not_go_together_is_said(changes, words):
    recipe = gapless.methods.get("enas", "quick")
    stages = (replace(recipe.stages[0], **changes),)
    assert any(words in line for line in conflicts(replace(recipe, stages=stages), SPACES[0][0]))
