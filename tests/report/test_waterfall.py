"""The printed steps of the accuracy chain add up to its ends."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gapless.report.waterfall import LEVELS, STEPS, waterfall
from gapless.report.words import percent

ACCURACY = st.floats(0, 1)


@settings(derandomize=True, deadline=None)
@given(st.lists(st.none() | ACCURACY, min_size=5, max_size=5))
def test_steps_add_up_exactly_whichever_levels_were_measured(values: list[float | None]) -> None:
    chain = [{"name": name, "accuracy": value} for name, value in zip(LEVELS, values, strict=True)]
    fall = waterfall(chain)
    known = [value for value in values if value is not None]
    if len(known) < 2:
        assert fall is None
        return
    assert fall is not None
    assert sum(step.tenths for step in fall.steps) == fall.total
    first, last = fall.levels[0], fall.levels[-1]
    assert (first.accuracy, last.accuracy) == (known[0], known[-1])
    assert fall.total == last.tenths - first.tenths
    assert abs(sum(step.exact for step in fall.steps) - (known[-1] - known[0])) < 1e-9
    for level in fall.levels:
        assert percent(level.accuracy).startswith(f"{level.tenths / 10:.1f}")
        assert abs(level.tenths - 1000 * level.accuracy) <= 0.5 + 1e-9


def test_the_four_steps_have_the_names_of_the_gap_terms() -> None:
    fall = waterfall([{"name": name, "accuracy": 0.1 * i} for i, name in enumerate(LEVELS)])
    assert fall is not None
    assert [step.title for step in fall.steps] == list(STEPS.values())


def test_a_level_that_was_not_measured_merges_its_steps() -> None:
    fall = waterfall([{"name": "a0", "accuracy": 0.9}, {"name": "a2", "accuracy": 0.5}])
    assert fall is not None
    assert [(s.title, s.tenths) for s in fall.steps] == [
        ("discretization loss + BatchNorm recalibration", -400)
    ]


def test_the_order_of_the_entries_does_not_matter_and_foreign_ones_are_ignored() -> None:
    straight = [{"name": name, "accuracy": 0.5 + 0.01 * i} for i, name in enumerate(LEVELS)]
    noise = [{"name": "a9", "accuracy": 0.1}, {"name": "a1", "accuracy": float("nan")}, {}]
    assert waterfall([*reversed(straight), *noise]) == waterfall(straight)


def test_the_largest_step_is_the_largest_in_size() -> None:
    values = {"a0": 0.93, "a1": 0.42, "a2": 0.87, "a3": 0.96, "a4": 0.97}
    fall = waterfall([{"name": name, "accuracy": value} for name, value in values.items()])
    assert fall is not None
    assert (fall.largest.title, fall.largest.tenths) == ("discretization loss", -510)
