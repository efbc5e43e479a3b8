"""Parameter-free operations against the others over the search, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gapless.audit.crossing import Course, courses
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
    sides = ("free", "other")
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


def _summary(found: Sequence[Course]) -> str:
    ahead = sum(one.free[-1] > one.other[-1] for one in found)
    where = f"in {ahead} of {counted(len(found), 'group')}"
    return f"In the end operations without parameters have the larger mean strength {where}."


def _course(course: Course) -> str:
    free, other = course.free[-1], course.other[-1]
    ends = f"in the end their mean strengths are {number(free, 4)} and {number(other, 4)}"
    crossings = course.crossings
    if not crossings:
        side = "as strong as" if free == other else "stronger than" if free > other else "weaker than"
        how = "all the time" if len(course.epochs) > 1 else "at the one epoch recorded"
        return f"In '{course.group}', operations without parameters are {side} the others {how}; {ends}."
    last = crossings[-1]
    turns = f", after changing places {len(crossings) - 1} times before" if len(crossings) > 1 else ""
    verb = "overtake the others" if last.up else "fall behind the others"
    when = f"at epoch {last.epoch:.1f}{turns}"
    return f"In '{course.group}', operations without parameters {verb} {when}; {ends}."


def _names(value: Any) -> tuple[str, ...]:
    return tuple(text(one) for one in value) if isinstance(value, list | tuple) else ()
