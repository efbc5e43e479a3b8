"""Expected cost against NumPy, and its gradient against differences."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.oracles import costs as oracle

import gapless.methods
from gapless.core import Linear, Progress
from gapless.engine.check import conflicts
from gapless.nets.gate import Gate
from gapless.parts.regularize.cost import ExpectedCost
from gapless.testing.methods import SPACES, advance, shortened, started

EXACT = 1e-10


def searching(part, tiny, method="darts"):
    recipe = shortened(gapless.methods.get(method, "quick"))
    return started(
        replace(recipe, stages=(replace(recipe.stages[0], regularize=(part,)),)), tiny, double=True
    )


def tables(run, kind):
    gates = {name: gate.weight.detach().numpy() for name, gate in run.mix().items()}
    return gates, run.costs(kind), {g.name: g.mask for g in run.choices.groups()}


@pytest.mark.parametrize("kind", ["macs", "params"])
@pytest.mark.parametrize("tiny", SPACES, ids=["chain", "darts"])
def test_forms(tiny, kind):
    run = searching(ExpectedCost(), tiny)
    gates, costs, present = tables(run, kind)
    value, even = oracle.expected(gates, costs, present), oracle.even(costs, present)
    assert value > 1
    expected = {
        "plain": value, "log": np.log(value), "relative": oracle.relative(value, even),
    }  # fmt: skip
    for form, number in expected.items():
        found = ExpectedCost(0.3, form, kind)(run, run.mix()).item()
        assert abs(found - 0.3 * number) < EXACT * max(1, abs(number))
    found = ExpectedCost(1.0, "relative", kind, reference=2 * value)(run, run.mix()).item()
    assert abs(found + 0.5) < EXACT


def test_what_is_not_computed_costs_nothing():
    run = searching(ExpectedCost(), SPACES[0])
    _, costs, _ = tables(run, "macs")
    active = np.zeros_like(run.choices.groups()[0].mask)
    active[:, 1] = True
    table = costs["layers"]
    gate = Gate(torch.full(table.shape, 0.5, dtype=torch.float64), active)
    assert ExpectedCost(1.0, "plain")(run, {"layers": gate}).item() == pytest.approx(table[:, 1].sum() / 2)
    assert ExpectedCost(1.0, "plain")(run, {"layers": Gate(None, active)}).item() == table[:, 1].sum()


@pytest.mark.parametrize("form", ["plain", "log", "relative"])
def test_gradient(form):
    run = searching(ExpectedCost(), SPACES[1])
    part, alpha = ExpectedCost(1.0, form), run.alpha["normal"]
    (slope,) = torch.autograd.grad(part(run, run.mix()), alpha)
    for where in ((0, 1), (2, 3), (4, 0)):
        sides = []
        for h in (1e-5, -1e-5):
            with torch.no_grad():
                alpha[where] += h
                sides.append(part(run, run.mix()).item())
                alpha[where] -= h
        scale = max(1.0, abs(sides[0]))
        assert abs(slope[where].item() - (sides[0] - sides[1]) / 2e-5) < 1e-8 * scale


def test_a_heavy_weight_finds_the_cheapest():
    run = searching(ExpectedCost(1e4), SPACES[0])
    run.alphas.optim = replace(run.alphas.optim, lr=1.0)
    arch = advance(run)
    costs = run.costs("macs")["layers"]
    options = run.choices.groups()[0].options
    assert [arch.option(f"layer{i}") for i in range(2)] == [options[i] for i in costs.argmin(1)]


def test_the_weight_is_a_schedule():
    run = searching(ExpectedCost(), SPACES[0])
    run.progress = Progress(1, 4, 0, 2)
    half, whole = ExpectedCost(Linear(0.0, 2.0), "log"), ExpectedCost(1.0, "log")
    assert half(run, run.mix()).item() == pytest.approx(whole(run, run.mix()).item() / 2)


@pytest.mark.parametrize(
    ("part", "words"),
    [(ExpectedCost(form="squared"), "not 'squared'"), (ExpectedCost(cost="watts"), "not 'watts'")],
)
def test_what_makes_no_sense_is_said(part, words):
    recipe = gapless.methods.get("darts", "quick")
    recipe = replace(recipe, stages=(replace(recipe.stages[0], regularize=(part,)),))
    assert words in conflicts(recipe, SPACES[0][0])[0]


def test_it_needs_a_relaxation():
    recipe = gapless.methods.get("spos", "quick")
    recipe = replace(recipe, stages=(replace(recipe.stages[0], regularize=(ExpectedCost(),)),))
    assert "needs gates of a relaxation" in conflicts(recipe, SPACES[0][0])[0]
