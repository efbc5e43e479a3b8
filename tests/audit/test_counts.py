"""How often operations were trained, against counting by hand."""

import pytest

from gapless.audit.counts import counts

TWO = {"edges": {"0-1": {"skip": 3, "conv": 5}, "0-2": {"skip": 4, "conv": 4}}, "other": {"a": {"conv": 8}}}


def test_by_option_over_choices():
    found = counts(TWO)
    assert found["options"] == {
        "conv": {"mean": 17 / 3, "least": 4, "most": 8, "choices": 3},
        "skip": {"mean": 3.5, "least": 3, "most": 4, "choices": 2},
    }
    assert list(found["options"]) == ["conv", "skip"], "the most trained first"
    assert found["spread"] == pytest.approx(2 / 4)


def test_strict_fairness_has_no_spread():
    assert counts({"edges": {"0-1": {"skip": 7, "conv": 7}}})["spread"] == 0


def test_nothing_was_counted():
    assert counts({}) == {"options": {}, "spread": 0.0}
