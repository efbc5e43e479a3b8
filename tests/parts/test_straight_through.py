"""Straight-through gates: one operation a choice is computed, and what they do not go with."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.oracles import gates as oracle

import gapless.methods
from gapless.core import Progress, Streams
from gapless.engine.check import conflicts
from gapless.parts.relax.straight_through import StraightThrough
from gapless.parts.update.bilevel import Bilevel
from gapless.parts.update.formula import Formula
from gapless.parts.update.joint import Joint
from gapless.parts.update.within import Within
from gapless.spaces.contract import Shape
from gapless.spaces.darts import Darts
from gapless.spaces.nb201 import Nb201
from gapless.testing.methods import SPACES, shortened, started


@pytest.mark.parametrize("draw", ["straight-through", "sampled"])
def test_values_gradient_and_strengths(draw):
    choices, rng = Darts().choices, np.random.default_rng(0)
    alpha = {
        g.name: torch.from_numpy(rng.standard_normal(g.mask.shape)).requires_grad_() for g in choices.groups()
    }
    relax, progress = StraightThrough(draw=draw), Progress(step=1, steps=2, epoch=1, epochs=2)
    mix = relax(alpha, choices, progress, Streams(1).generator("g"))
    strengths = relax.strengths(alpha, choices, progress)
    drawn, node, t = Streams(1).generator("g"), np.zeros(14), 5.05
    for group in choices.groups():
        a, gate = alpha[group.name].detach().numpy(), mix[group.name]
        noise = drawn.gumbel(size=a.shape)
        compared = a + noise if draw == "straight-through" else a / t + noise
        moved = a + noise if draw == "straight-through" else a
        assert np.array_equal(
            gate.weight.detach().numpy(), oracle.hard(compared, group.mask, node, "exp", "row")
        )
        assert np.array_equal(gate.active.sum(1), np.ones(14))
        upstream = rng.standard_normal(a.shape)
        (found,) = torch.autograd.grad((gate.weight * torch.from_numpy(upstream)).sum(), alpha[group.name])
        expected = oracle.gradient(moved, group.mask, node, "exp", "row", t, upstream)
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-10, atol=1e-14)
        probabilities = oracle.smooth(a, group.mask, node, "exp", "row", 1.0)
        np.testing.assert_allclose(strengths[group.name].detach().numpy(), probabilities, rtol=1e-10)


def test_a_step_moves_alpha_and_the_weights_of_what_was_drawn():
    run = started(shortened(gapless.methods.get("gdas", "quick")), SPACES[1], seed=2)
    before = {name: w.detach().clone() for name, w in run.weights.named.items()}
    tables = {name: a.detach().clone() for name, a in run.alpha.items()}
    drawn = {name: gate.active for name, gate in run.mix().items()}
    run.step()
    assert all(not torch.equal(run.alpha[name], table) for name, table in tables.items())
    moved = {name for name, w in run.weights.named.items() if not torch.equal(w, before[name])}
    assert moved
    for i, (cell, kind) in enumerate(zip(run.net.cells, run.net.groups, strict=True)):
        for edge, mixed in cell.edges.items():
            for option, column in mixed.columns:
                names = {n for n in before if n.startswith(f"cells.{i}.edges.{edge}.{option}.")}
                if not drawn[kind][mixed.row, column]:
                    assert not names & moved, f"{option} of {edge} was not drawn"


def test_a_draw_of_nothing_leaves_alpha_alone():
    """Where every edge is drawn as 'none', the loss does not depend on alpha."""
    recipe, space = shortened(gapless.methods.get("gdas", "quick")), Nb201()
    run = started(recipe, (space, Shape(4, 1, affine=False)))
    with torch.no_grad():
        run.alpha["edges"][:, 0] = 50.0
    before = run.alpha["edges"].detach().clone()
    run.step()
    assert torch.equal(run.alpha["edges"], before)
    assert all(torch.isfinite(w).all() for w in run.weights.tensors)


def test_second_derivatives_are_refused():
    recipe = gapless.methods.get("gdas", "quick")

    def lines(update):
        stages = (replace(recipe.stages[0], update=update),)
        return conflicts(replace(recipe, stages=stages), SPACES[1][0])

    for update, name in (
        (Bilevel(2), "bilevel"),
        (Formula(c=0.1), "formula"),
        (Within(Bilevel(2)), "bilevel"),
    ):
        (line,) = lines(update)
        assert "'straight-through'" in line
        assert f"'{name}'" in line
    for update in (Bilevel(1), Formula(train=1.0), Joint(), Within()):
        assert lines(update) == []
