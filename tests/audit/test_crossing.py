"""Where light operations overtake heavy ones: on straight lines, and by hand."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gapless.audit.crossing import Course, Crossing, courses

KINDS = {
    "cell": {"a": {"free": ["skip", "pool"], "other": ["conv"]}, "b": {"free": ["skip"], "other": ["conv"]}}
}


def row(epoch: float, row: str, option: str, value: float, group: str = "cell") -> dict[str, Any]:
    return {"epoch": epoch, "group": group, "row": row, "option": option, "value": value}


def test_means_are_over_all_rows_of_a_group() -> None:
    alpha = [
        row(1, "a", "skip", 0.1), row(1, "a", "pool", 0.3), row(1, "b", "skip", 0.8),
        row(1, "a", "conv", 0.2), row(1, "b", "conv", 0.4), row(1, "a", "none", 9.0),
        row(1, "c", "conv", 9.0), row(1, "x", "conv", 9.0, "y"),
    ]  # fmt: skip
    (found,) = courses(alpha, KINDS)
    assert (found.group, found.epochs) == ("cell", (1,))
    assert found.light == pytest.approx((0.4,), abs=1e-12)
    assert found.heavy == pytest.approx((0.3,), abs=1e-12)


def test_the_last_value_of_an_epoch_counts_and_epochs_are_in_order() -> None:
    alpha = [row(2, "b", "skip", 0.5), row(2, "b", "conv", 0.1), row(1, "b", "skip", 0.2)]
    alpha += [row(1, "b", "conv", 0.3), row(2, "b", "skip", 0.7)]
    (found,) = courses(alpha, KINDS)
    assert (found.epochs, found.light, found.heavy) == ((1, 2), (0.2, 0.7), (0.3, 0.1))


def test_one_side_alone_has_no_course() -> None:
    assert courses([row(1, "a", "skip", 0.5)], KINDS) == []
    assert courses([row(1, "a", "skip", 0.5), row(1, "a", "conv", 0.5)], {}) == []


@settings(derandomize=True, deadline=None)
@given(st.floats(0.5, 19.5), st.sampled_from([-1.0, 1.0]), st.floats(0.01, 1.0))
def test_two_straight_lines_cross_where_they_meet(meet: float, slope: float, scale: float) -> None:
    epochs = tuple(float(t) for t in range(21))
    free = tuple(0.5 + slope * scale * (t - meet) for t in epochs)
    (found,) = Course("cell", epochs, free, (0.5,) * 21).crossings
    assert found.epoch == pytest.approx(meet, abs=1e-9)
    assert found.up == (slope > 0)


def test_to_touch_and_to_part_is_not_to_cross() -> None:
    other = (0.5,) * 4
    assert Course("cell", (0, 1, 2, 3), (0.5, 0.6, 0.5, 0.7), other).crossings == ()
    assert Course("cell", (0, 1, 2, 3), (0.4, 0.5, 0.5, 0.7), other).crossings == (Crossing(1, up=True),)


@settings(derandomize=True, deadline=None)
@given(st.lists(st.integers(-2, 2), max_size=12))
def test_crossings_alternate_and_change_places_with_their_sides(gaps: list[int]) -> None:
    epochs, other = tuple(map(float, range(len(gaps)))), (3.0,) * len(gaps)
    free = tuple(3.0 + gap for gap in gaps)
    found, swapped = Course("g", epochs, free, other).crossings, Course("g", epochs, other, free).crossings
    assert [c.up for c in found] == [not c.up for c in swapped]
    assert [c.epoch for c in found] == pytest.approx([c.epoch for c in swapped], abs=1e-12)
    signs = [gap > 0 for gap in gaps if gap]
    assert len(found) == sum(a != b for a, b in pairwise(signs))
    assert all(a.up != b.up and a.epoch < b.epoch for a, b in pairwise(found))


def test_without_both_kinds_light_options_are_held_against_heavy_ones() -> None:
    alpha = [row(t, "a", o, v) for t in (0, 1) for o, v in (("k3", 0.6), ("k5", 0.3), ("k7", 0.1))]
    halved = {"free": [], "other": ["k3", "k5", "k7"], "light": ["k3", "k5"], "heavy": ["k7"]}
    (found,) = courses(alpha, {"cell": {"a": halved}})
    assert found.by == "MACs"
    assert (found.light[-1], found.heavy[-1]) == (pytest.approx(0.45), 0.1)
    both = {"free": ["k3"], "other": ["k5", "k7"]}
    kinds = {"cell": {"a": halved}, "other": {"a": halved | both}}
    (found,) = courses([*alpha, *({**one, "group": "other"} for one in alpha)], kinds)
    assert (found.group, found.by) == ("other", "parameters"), "the first that can, for all groups alike"
