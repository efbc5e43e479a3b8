"""The zero-one loss against its equation, on the gates of real searches."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.oracles import zero_one as oracle

import gapless.methods
from gapless.core import Linear, Progress
from gapless.engine.check import conflicts
from gapless.parts.regularize.zero_one import ZeroOne
from gapless.parts.sample.uniform import Uniform
from gapless.parts.update.paths import Paths
from gapless.testing.methods import SPACES, shortened, started


def searching(tiny, part):
    recipe = shortened(gapless.methods.get("fair-darts", "quick"))
    run = started(replace(recipe, stages=(replace(recipe.stages[0], regularize=(part,)),)), tiny, double=True)
    draw = np.random.default_rng(0)
    for table in run.alpha.values():
        table.data = torch.from_numpy(2 * draw.standard_normal(table.shape))
    return run


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("tiny", SPACES, ids=["chain", "darts"])
def test_value_and_gradient(tiny, power):
    run = searching(tiny, ZeroOne(7.0, power))
    mix, groups = run.mix(), run.choices.groups()
    z = [1 / (1 + np.exp(-run.alpha[g.name].detach().numpy())) for g in groups]
    found = run.penalty(mix)
    assert found.item() == pytest.approx(
        oracle.zero_one(z, [g.pickable for g in groups], 7.0, power), rel=1e-12
    )
    slopes = torch.autograd.grad(found, list(run.alpha.values()))
    n = sum(int(g.pickable.sum()) for g in groups)
    for group, table, slope in zip(groups, z, slopes, strict=True):
        apart = table - 0.5
        outer = 2 * apart if power == 2 else np.sign(apart)
        expected = -7.0 / n * outer * table * (1 - table) * group.pickable
        np.testing.assert_allclose(slope.numpy(), expected, rtol=1e-10, atol=1e-16)


def test_it_is_flat_at_a_half_and_lowest_at_the_ends():
    run = searching(SPACES[1], ZeroOne(1.0))
    losses = {}
    for value in (-30.0, -1.0, 0.0, 1.0, 30.0):
        for table in run.alpha.values():
            table.data.fill_(value)
        losses[value] = run.penalty(run.mix()).item()
    assert losses[-30.0] == pytest.approx(losses[30.0]) == pytest.approx(-0.25)
    assert losses[0.0] == 0.0
    assert losses[1.0] == pytest.approx(losses[-1.0]) == pytest.approx(-((1 / (1 + np.exp(-1)) - 0.5) ** 2))


def test_the_weight_follows_its_schedule_and_a_relaxation_is_needed():
    run = searching(SPACES[1], ZeroOne(Linear(1.0, 3.0)))
    first = run.penalty(run.mix()).item()
    run.progress = Progress(step=1, steps=2)
    assert run.penalty(run.mix()).item() == pytest.approx(2 * first)
    recipe = run.recipe
    stage = replace(recipe.stages[0], relax=None, update=Paths(), sample=Uniform())
    assert any(
        "'zero-one' needs" in line for line in conflicts(replace(recipe, stages=(stage,)), SPACES[0][0])
    )
