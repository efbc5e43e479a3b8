"""Sigmoid gates: their values, and what they may be combined with."""

from dataclasses import replace

import numpy as np
import torch
from tests.oracles import gates as oracle

import gapless.methods
from gapless.core import Linear, Progress, Streams
from gapless.engine.check import conflicts
from gapless.engine.select import Discretize
from gapless.parts.mask.threshold import Threshold
from gapless.parts.regularize.zero_one import ZeroOne
from gapless.parts.relax.node_normalised import NodeNormalised
from gapless.parts.relax.sigmoid import Sigmoid
from gapless.spaces.darts import Darts
from gapless.testing.methods import SPACES

RNG = Streams(0).generator("unused")


def test_values_and_strengths():
    choices, draw = Darts().choices, np.random.default_rng(0)
    alpha = {g.name: torch.from_numpy(draw.standard_normal(g.mask.shape)) for g in choices.groups()}
    relax, progress = Sigmoid(temperature=Linear(1.0, 3.0)), Progress(step=1, steps=4)
    mix, strengths = relax(alpha, choices, progress, RNG), relax.strengths(alpha, choices, progress)
    for group in choices.groups():
        a = alpha[group.name].numpy()
        expected = oracle.smooth(a, group.mask, np.zeros(14), "sigmoid", "nothing", 1.5)
        np.testing.assert_allclose(mix[group.name].weight.numpy(), expected, rtol=1e-10)
        assert torch.equal(mix[group.name].weight, strengths[group.name])


def test_all_gates_begin_at_a_half():
    choices = Darts().choices
    begun = Sigmoid().init(choices, RNG)
    alpha = {name: torch.from_numpy(table) for name, table in begun.items()}
    assert all((gate.weight == 0.5).all() for gate in Sigmoid()(alpha, choices, Progress(), RNG).values())


def test_needs_something_that_closes_gates():
    recipe = gapless.methods.get("darts", "quick")

    def lines(select=None, **stage):
        stages = (replace(recipe.stages[0], **stage),)
        return conflicts(replace(recipe, stages=stages, select=select or recipe.select), SPACES[0][0])

    for relax, name in ((Sigmoid(), "sigmoid"), (NodeNormalised(), "node-normalised")):
        (line,) = lines(relax=relax)
        assert f"'{name}'" in line
        assert "need a sparsity regulariser or a threshold" in line
        assert lines(relax=relax, regularize=(ZeroOne(),)) == []
        assert lines(relax=relax, select=Discretize(Threshold())) == []
    assert lines() == []
