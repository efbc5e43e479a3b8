"""What the tables of behaviours and of methods in spaces are made of."""

import json

import numpy as np
import pytest
from benchmarks import behaviours, chains, everywhere, evidence

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


@pytest.mark.parametrize(
    "program", [behaviours, chains, everywhere, evidence], ids=lambda program: program.__name__
)
def test_the_document_is_what_was_measured(program):
    assert program.DOCUMENT.read_text() == program.text(json.loads(program.STORED.read_text()))


def test_three_seeds_of_all_that_is_compared():
    stored = behaviours.stored()
    for part, (methods, _) in behaviours.PARTS.items():
        for method in methods:
            if not behaviours.refused(part, method):
                assert len(stored[part][method]) == 3, (part, method)


def test_every_method_was_run_in_every_space_that_accepts_it():
    """A method that is new is run by ``python -m benchmarks.everywhere``."""
    document = everywhere.DOCUMENT.read_text()
    assert "not run" not in document
    for name in gapless.methods.names():
        assert f"| `{name}` |" in document
