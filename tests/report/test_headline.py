"""The numbers at the head of the page."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from gapless.core.interval import wilson
from gapless.report.headline import accuracy, judgement, parameters, verdict


@settings(derandomize=True, deadline=None)
@given(st.integers(1, 5000), st.data())
def test_the_interval_is_the_one_of_scipy(n: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, n))
    expected = binomtest(right, n).proportion_ci(method="wilson")
    assert wilson(right / n, n) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_several_seeds_are_told_with_their_spread() -> None:
    seen = accuracy({"values": [0.971, 0.974, 0.977], "n_images": 360})
    assert seen is not None
    assert (seen.mean, seen.spread) == (pytest.approx(0.974), "± 0.3 over 3 seeds")


def test_one_seed_is_told_with_the_interval_of_its_images() -> None:
    seen = accuracy({"values": [0.95], "n_images": 100})
    assert seen is not None
    assert seen.spread == "one seed"
    assert "88.8" in seen.sentence
    assert "97.8" in seen.sentence


@pytest.mark.parametrize("block", [None, {}, {"values": []}, {"values": [None, "x"]}, [0.9], {"values": 3}])
def test_nothing_is_said_of_what_was_not_measured(block: object) -> None:
    assert accuracy(block) is None


def test_parameters_and_verdict_are_absent_or_in_words() -> None:
    assert parameters({}) is None
    assert parameters({"cost": {"params": 312_442}}) == "312\u00a0thousand"
    assert verdict({"archs": []}) is None
    assert verdict({"verdict": "it is not."}) == "It is not."


def test_the_judgement_is_a_sentence() -> None:
    assert judgement({"sentence": "the search is 1.0 points better"}) == "The search is 1.0 points better"
    assert [judgement(wrong) for wrong in (None, {}, [], "x", {"sentence": ""})] == [None] * 5
