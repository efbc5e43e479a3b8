"""The documents of behaviours and of methods in spaces say what was stored, and what is stored can be had."""

import json

import numpy as np
import pytest
from benchmarks import behaviours, everywhere

import gapless.data
import gapless.methods
import gapless.spaces


@pytest.mark.parametrize("document", [behaviours, everywhere], ids=lambda m: m.__name__.split(".")[1])
def test_the_document_is_what_was_stored(document):
    assert document.DOCUMENT.read_text() == document.text(json.loads(document.STORED.read_text()))


def test_every_method_was_run_wherever_it_is_not_refused():
    found = json.loads(everywhere.STORED.read_text())
    for method in gapless.methods.names():
        for space in everywhere.SPACES:
            assert (space in found.get(method, {})) == (not everywhere.refused(method, space)), (
                method,
                space,
            )
    assert all(run["onnx"] < 1e-4 for runs in found.values() for run in runs.values())


def test_every_method_of_the_tables_was_run():
    found = json.loads(behaviours.STORED.read_text())
    for part, (methods, _) in behaviours.PARTS.items():
        for method in methods:
            assert len(found[part].get(method, {})) >= (0 if behaviours.refused(part, method) else 3)


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
