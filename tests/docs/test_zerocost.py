"""The document of the zero-cost scores: what it says is what its program writes, and what it rests on."""

from pathlib import Path

import pytest
import torch
from benchmarks import zerocost

from gapless.audit.ranking import spearman

SHARED = Path(__file__).parents[2].parent / "shared"


@pytest.fixture(scope="module")
def stored():
    return zerocost.stored()


def test_the_document_is_what_the_program_writes(stored):
    assert zerocost.DOCUMENT.read_text() == zerocost.text(stored)


def test_what_was_measured(stored):
    assert stored["archs"] == zerocost.drawn()
    assert len(set(stored["archs"])) == 200
    assert set(stored["scores"]) <= set(zerocost.SCORES)
    assert {name: len(values) for name, values in stored["scores"].items()} == dict.fromkeys(
        stored["scores"], 200
    )


def test_accuracies_are_those_of_the_benchmark(stored):
    if not (SHARED / "data" / "nb201.csv.gz").exists():
        pytest.skip("the folder shared/ with the tables of NAS-Bench-201 is not there")
    assert stored["accuracy"] == zerocost.truth(SHARED, stored["archs"])


@pytest.mark.parametrize("name", ["params", "macs", "synflow"])
def test_scores_without_images_come_out_again(stored, name):
    images, labels = torch.zeros(1, 3, 32, 32), torch.zeros(1, dtype=torch.int64)
    for place in (0, 123):
        net = zerocost.network(stored["archs"][place], labels)
        found = zerocost.SCORES[name](net, images, labels, 0)
        assert found == pytest.approx(float(stored["scores"][name][place]), rel=1e-3)


@pytest.mark.parametrize("name", sorted(zerocost.PUBLISHED))
def test_correlations_are_near_the_published(stored, name):
    if name not in stored["scores"]:
        pytest.skip(f"{name} has not been measured")
    assert zerocost.agreement(stored["accuracy"], stored["scores"][name]).value == pytest.approx(
        zerocost.PUBLISHED[name], abs=0.15
    )


def test_a_score_that_was_not_measured_is_left_out():
    found = {
        "channels": 4, "depth": 1, "batch": 8, "archs": [0, 1, 2, 3], "accuracy": [1.0, 2.0, 3.0, 4.0],
        "scores": {"snip": [1.0, "-inf", 3.0, 2.0], "zen": [1.0]},
        "seconds": {"snip": [1.0] * 4, "zen": [1.0]},
    }  # fmt: skip
    text = zerocost.text(found)
    rho = spearman([1.0, -9.0, 3.0, 2.0], found["accuracy"])
    assert f"| snip | {rho:.2f} | " in text
    assert "| 0.60 | 1 |" in text
    assert "| zen |" not in text
