"""Langevin noise against its equation, its distribution, and where it comes from."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tests.oracles import langevin as oracle

import gapless.methods
from gapless.core import Linear, Progress, Streams
from gapless.core.training import Optim
from gapless.engine.check import conflicts
from gapless.nets.descent import Descent
from gapless.parts.update.joint import Joint
from gapless.parts.update.langevin import Langevin
from gapless.testing.methods import SPACES, advance, differing, reopened, shortened, started

RATE, DECAY = 0.1, 0.02


def searching(part, weights=None, tiny=SPACES[0]):
    recipe = shortened(gapless.methods.get("darts", "quick"))
    stage = replace(recipe.stages[0], update=part)
    weights = weights or Optim("sgd", RATE, (0.0, 0.0), DECAY)
    return started(replace(recipe, stages=(stage,), weights=weights), tiny, double=True)


@pytest.mark.parametrize("temperature", [0.0, 1.0, 5.0])
def test_a_step_is_that_of_the_equation(temperature):
    run, plain = searching(Langevin(Joint(), temperature)), searching(Joint())
    before = {name: w.detach().clone().numpy() for name, w in run.weights.named.items()}
    rng, images = run.streams.generator("langevin"), 3 * 8
    plain.step()
    run.step()
    for name, w in run.weights.named.items():
        drawn = rng.standard_normal(w.shape) if temperature else np.zeros(w.shape)
        slope = plain.weights.named[name].grad.numpy()
        slope = slope if slope is not None else 0.0
        expected = oracle.step(before[name], slope, DECAY, RATE, images, temperature, drawn)
        np.testing.assert_allclose(w.detach().numpy(), expected, rtol=0, atol=1e-12)
    assert all(torch.equal(run.alpha[n], plain.alpha[n]) for n in run.alpha)


def test_many_steps_draw_from_the_posterior():
    """On the loss (w - 1)^2 / 2 of 50 images the posterior is normal, around 1 with variance 1 / 50."""
    n, chains = 50, 4000
    w = torch.zeros(chains, dtype=torch.float64, requires_grad=True)
    view = SimpleNamespace(weights=Descent({"w": w}, Optim("sgd", 0.02, (0.0, 0.0), 0.0)))

    class Pull:
        def step(self, run, train, val):
            run.weights.clear()
            ((w - 1) ** 2 / 2).sum().backward()
            run.weights.step(run.progress)
            return {}

    part, labels = Langevin(Pull()), torch.zeros(10)
    for step in range(400):
        view.progress, view.streams = Progress(step, 5 * 400, 0, 400), Streams(0).child("step", step)
        part.step(view, (labels, labels), (labels, labels))
    found = w.detach().numpy()
    assert abs(found.mean() - 1) < 5 * np.sqrt(1 / n / chains)
    assert found.var() == pytest.approx(1 / n, rel=0.02 / 2 + 5 * np.sqrt(2 / chains))


def test_what_had_no_gradient_stays():
    run = searching(Langevin())
    idle = next(iter(run.weights.named.values()))
    step, before = run.weights.step, idle.detach().clone()

    def without(progress):
        idle.grad = None
        step(progress)

    run.weights.step = without
    others = {n: w.detach().clone() for n, w in run.weights.named.items() if w is not idle}
    run.step()
    assert torch.equal(idle, before)
    assert all(not torch.equal(run.weights.named[n], w) for n, w in others.items())


def test_noise_is_the_runs_own_and_a_resume_draws_it_again():
    weights = Optim("sgd", RATE, (0.9, 0.0), DECAY)
    part = Langevin(temperature=Linear(0.0, 2.0))
    runs = []
    for _ in range(2):
        run = shortened(gapless.methods.get("darts", "quick"))
        run = started(replace(run, stages=(replace(run.stages[0], update=part),), weights=weights), SPACES[0])
        runs.append(run)
    whole, half = runs
    advance(whole)
    advance(half, 2)
    again = reopened(half)
    advance(again)
    assert differing(whole, again) == []


def test_what_makes_no_sense_is_said():
    run = searching(Langevin(temperature=-1.0))
    assert any("at least 0, but has -1.0" in line for line in conflicts(run.recipe, SPACES[0][0]))
    held = replace(run.recipe, stages=(replace(run.recipe.stages[0], update=Langevin(), relax=None),))
    assert any("'bilevel' needs a relaxation" in line for line in conflicts(held, SPACES[0][0]))
