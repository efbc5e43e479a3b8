"""Noise on the simplex against NumPy; gates that are not on it are refused."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest
from tests.oracles import simplex as oracle

import gapless.methods
from gapless.core import Choice, Progress, Space, at
from gapless.engine.check import conflicts
from gapless.nets.gate import Gate
from gapless.parts.perturb.simplex import SimplexNoise, moved, noise
from gapless.parts.relax.logits import present
from gapless.parts.relax.softmax import Softmax
from gapless.parts.sample.uniform import Uniform
from gapless.testing.methods import SPACES, shortened, started

EXACT = 1e-10


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.integers(0, 2**31), st.sampled_from([0.03, 0.3, 2.0]))
def test_projection(seed, radius):
    """Also of rows that lack options and of rows that fall to zero, which radius 2 makes."""
    draw = np.random.default_rng(seed)
    there = draw.random((6, 4)) < 0.7
    there[:, 1] = True
    table = oracle.project(draw.random((6, 4)), there)
    by = draw.uniform(-radius, radius, (6, 4)) - (radius > 1)
    found = moved(Gate(torch.from_numpy(table), there), torch.from_numpy(by))
    expected = oracle.project(table + by, there)
    assert np.abs(found.weight.numpy() - expected).max() < EXACT
    np.testing.assert_allclose(found.weight.sum(-1), 1, rtol=1e-12)
    assert found.active is there


def test_without_a_table_every_option_is_there():
    found = moved(Gate(torch.tensor([[0.2, 0.8]])), torch.tensor([[-0.5, -0.9]]))
    assert torch.equal(found.weight, torch.tensor([[0.0, 1.0]]))
    found = moved(Gate(torch.tensor([[0.2, 0.8]])), torch.tensor([[0.3, -0.3]]))
    torch.testing.assert_close(found.weight, torch.tensor([[0.5, 0.5]]))


def searching(tiny=SPACES[1], part=None, **stage):
    recipe = shortened(gapless.methods.get("darts", "quick"))
    stages = (replace(recipe.stages[0], perturb=(part or SimplexNoise(),), **stage),)
    return started(replace(recipe, stages=stages), tiny, double=True)


def held(run):
    return {n: replace(g, weight=g.weight.detach()) for n, g in run.mix().items()}


def test_in_a_search():
    run = searching()
    batch, _ = run.batches()
    mix = held(run)
    found = run.perturbed(mix, batch)
    drawn = noise(run, "simplex noise", mix, 0.03)
    for name, gate in mix.items():
        table = gate.weight.numpy()
        there = np.ones_like(table, bool) if gate.active is None else gate.active
        (expected,) = oracle.smoothed([table], [there], [drawn[name].numpy()])
        assert np.abs(found[name].weight.numpy() - expected).max() < EXACT
        assert 0 < np.abs(expected - table).max() < 0.1


def test_noise_is_uniform_and_new_each_step():
    """6 x 4 entries in 400 steps; a uniform sample fails with probability 1e-7."""
    run = searching()
    gates = {"g": Gate(torch.zeros(6, 4, dtype=torch.float64))}
    drawn = []
    for step in range(400):
        run.total = step
        drawn.append(noise(run, "simplex noise", gates, 0.3)["g"].numpy().ravel())
    values = np.concatenate(drawn)
    assert np.unique(values).size == values.size
    assert kstest(values, "uniform", (-0.3, 0.6)).pvalue > 1e-7
    assert kstest(values**3 / 0.09, "uniform", (-0.3, 0.6)).pvalue < 1e-7, "the test cannot tell"
    run.total = 7
    again = noise(run, "simplex noise", gates, 0.3)["g"].numpy().ravel()
    assert np.array_equal(again, drawn[7])


def test_the_published_radius():
    radius = SimplexNoise().radius
    for epoch in (0, 1, 25, 49):
        expected = 0.03 + (0.3 - 0.03) * epoch / 50
        assert at(radius, Progress(epoch * 9 + 3, 450, epoch, 50)) == pytest.approx(expected, rel=1e-12)


def test_the_weight_step_sees_it_and_the_alpha_step_does_not():
    run, plain = searching(), searching(part=SimplexNoise(0.0))
    run.step()
    plain.step()
    assert all(torch.equal(run.alpha[n], plain.alpha[n]) for n in run.alpha)
    assert not torch.equal(run.net.classifier.weight, plain.net.classifier.weight)


@dataclass(frozen=True)
class Sigmoid:
    """Gates that add up to anything; to exactly 1 for two options where alpha starts."""

    def init(self, choices, rng):
        return {g.name: np.zeros(g.mask.shape, np.float32) for g in choices.groups()}

    def __call__(self, alpha, choices, progress, rng):
        return {g.name: Gate(torch.sigmoid(alpha[g.name]), present(g)) for g in choices.groups()}

    def strengths(self, alpha, choices, progress):
        return {name: torch.sigmoid(table) for name, table in alpha.items()}


class Pair:
    """A space of two choices of two options."""

    name = "pair"
    choices = Space(tuple(Choice(c, dict.fromkeys("xy"), group="g") for c in "ab"))


@pytest.mark.parametrize("part", ["sdarts-rs", "sdarts-adv"])
def test_gates_off_the_simplex_are_refused(part):
    recipe = gapless.methods.get(part)

    def lines(space=SPACES[1][0], **stage):
        return conflicts(replace(recipe, stages=(replace(recipe.stages[0], **stage),)), space)

    assert lines() == []
    for space in (SPACES[1][0], Pair()):
        (line,) = [line for line in lines(space, relax=Sigmoid()) if "simplex" in line]
        assert "add up to 1" in line
        assert "'Sigmoid'" in line
        assert not [line for line in lines(space, relax=Softmax(temperature=0.1)) if "add up" in line]
    assert any("sampled paths" in line for line in lines(sample=Uniform()))
    assert any("without a relaxation" in line for line in lines(relax=None))
