"""What the tables of behaviours and of methods in spaces are made of."""

import numpy as np
from benchmarks import behaviours, everywhere

import gapless.data
import gapless.methods
import gapless.spaces


def test_a_whole_job_counts_its_cells():
    run = everywhere.whole("darts", "darts")
    assert run["cells"] >= run["fast"] > 0
    assert 0 <= run["score"] <= 1


def test_a_fair_sampler_is_counted_as_fair():
    space = gapless.spaces.get("chain")
    recipe = gapless.methods.get("fairnas", "quick")
    counted = behaviours.Counted(recipe.stages[0].sample)
    run = behaviours.begun(recipe, "chain", 0, gapless.data.get("digits", limit=60))
    for step in range(3):
        counted(run, np.random.default_rng(step))
    (table,) = counted.counts.values()
    assert table.shape == (8, len(space.choices.groups()[0].options))
    assert np.ptp(table) == 0
    assert table.min() > 0


def test_the_front():
    points = [{"macs": m, "accuracy": a} for m, a in ((3, 0.9), (1, 0.5), (2, 0.4), (4, 0.9))]
    assert [point["macs"] for point in behaviours.front(points)] == [1, 3]
