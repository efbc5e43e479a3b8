"""Light operations against heavy ones over the search, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gapless.audit.crossing import SIDES, Course, courses
from gapless.report.blocks import block
from gapless.report.gates import text
from gapless.report.terms.told import Told, counted, number
from gapless.report.words import real


def read(alpha: Sequence[Mapping[str, Any]], options: Any) -> list[Course]:
    """The courses, from a table of gate values whose cells may be anything.

    Args:
        options: ``audit.free.options`` of the findings.
    """
    clean = []
    for one in alpha:
        epoch, value = real(one.get("epoch")), real(one.get("value"))
        if epoch is not None and value is not None:
            names = {name: text(one.get(name)) for name in ("group", "row", "option")}
            clean.append({"epoch": epoch, "value": value, **names})
    sides = [side for both in SIDES.values() for side in both]
    kinds = {
        group: {row: {side: _names(block(by_row, row).get(side)) for side in sides} for row in by_row}
        for group in block(options)
        if (by_row := block(options, group))
    }
    return courses(clean, kinds)


def told(found: Sequence[Course], known: bool) -> Told | None:
    """One sentence a group; None where nothing was measured.

    Args:
        known: whether it is known which options have no parameters.
    """
    if not found:
        return Told("No choice of this search has strengths of both kinds of operations.") if known else None
    return Told(_summary(found), tuple(_course(one) for one in found))


CALLED = {
    "parameters": ("operations without parameters", "the others"),
    "MACs": ("operations of at most the median MACs of their choice", "those of more"),
}
"""The light and the heavy ones, by what tells them apart."""


def _summary(found: Sequence[Course]) -> str:
    ahead = sum(one.light[-1] > one.heavy[-1] for one in found)
    where = f"in {ahead} of {counted(len(found), 'group')}"
    return f"In the end {CALLED[found[0].by][0]} have the larger mean strength {where}."


def _course(course: Course) -> str:
    light, heavy = CALLED[course.by]
    ends = (
        f"in the end their mean strengths are {number(course.light[-1], 4)} and {number(course.heavy[-1], 4)}"
    )
    crossings = course.crossings
    if not crossings:
        how = "all the time" if len(course.epochs) > 1 else "at the one epoch recorded"
        return f"In '{course.group}', {light} are {_side(course)} {heavy} {how}; {ends}."
    last = crossings[-1]
    before = len(crossings) - 1
    turns = f", after changing places {counted(before, 'time')} before" if before else ""
    verb = f"{'overtake' if last.up else 'fall behind'} {heavy}"
    return f"In '{course.group}', {light} {verb} at epoch {last.epoch:.1f}{turns}; {ends}."


def _side(course: Course) -> str:
    """Of strengths that never change places."""
    apart = [a - b for a, b in zip(course.light, course.heavy, strict=True)]
    if not any(apart):
        return "as strong as"
    side = "stronger than" if any(gap > 0 for gap in apart) else "weaker than"
    return side if all(apart) else f"{side} or as strong as"


def _names(value: Any) -> tuple[str, ...]:
    return tuple(text(one) for one in value) if isinstance(value, list | tuple) else ()
