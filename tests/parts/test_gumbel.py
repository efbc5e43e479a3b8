"""Gumbel gates: one smooth draw a step, the same in the whole step."""

import numpy as np
import torch
from tests.oracles import gates as oracle

import gapless.methods
from gapless.core import Progress, Streams
from gapless.parts.relax.gumbel import Gumbel
from gapless.spaces.darts import Darts
from gapless.testing.methods import SPACES, shortened, started


def test_values_and_strengths():
    choices, draw = Darts().choices, np.random.default_rng(0)
    alpha = {g.name: torch.from_numpy(draw.standard_normal(g.mask.shape)) for g in choices.groups()}
    relax, progress = Gumbel(), Progress(step=50, steps=150, epoch=50, epochs=150)
    mix = relax(alpha, choices, progress, Streams(1).generator("g"))
    drawn, strengths = Streams(1).generator("g"), relax.strengths(alpha, choices, progress)
    for group in choices.groups():
        a, node, t = alpha[group.name].numpy(), np.zeros(14), 1 - 0.97 / 3
        noisy = a + drawn.gumbel(size=a.shape)
        expected = oracle.smooth(noisy, group.mask, node, "exp", "row", t)
        np.testing.assert_allclose(mix[group.name].weight.numpy(), expected, rtol=1e-10)
        probabilities = oracle.smooth(a, group.mask, node, "exp", "row", 1.0)
        np.testing.assert_allclose(strengths[group.name].numpy(), probabilities, rtol=1e-10)


def test_initial_values():
    values = np.concatenate(
        [v.ravel() for v in Gumbel().init(Darts().choices, Streams(3).generator("a")).values()]
    )
    assert abs(values.std() / 0.01 - 1) < 5 / np.sqrt(2 * values.size)


def test_one_draw_a_step_and_another_in_the_next():
    run = started(shortened(gapless.methods.get("snas", "quick")), SPACES[1])
    first, again = run.mix(), run.mix()
    run.total += 1
    later = run.mix()
    for name, gate in first.items():
        assert torch.equal(gate.weight, again[name].weight)
        assert not torch.equal(gate.weight, later[name].weight)
    assert Gumbel.random, "the accuracy of the mixture is that of several draws"
