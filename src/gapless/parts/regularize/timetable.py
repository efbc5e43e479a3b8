"""Timetable: what options take in milliseconds, as pairs of names and numbers, laid out as tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from gapless.core import Group, Path, Space
from gapless.core.errors import BadValue

Timetable = tuple[tuple[str, float], ...]


def timetable(times: Mapping[str, float] | Timetable) -> Timetable:
    """The pairs, sorted by name.

    Raises:
        BadValue: a name twice, or a time that is no finite number of at least 0.
    """
    pairs = tuple(times.items() if isinstance(times, Mapping) else times)
    for name, ms in pairs:
        if not isinstance(ms, (int, float)) or not 0 <= ms < math.inf:
            raise BadValue(
                expected="times of options in milliseconds, at least 0 and finite",
                got=f"{ms} for '{name}'",
                do="measure it again",
            )
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadValue(
            expected="one time for each option", got=f"{', '.join(twice)} twice", do="list each once"
        )
    return tuple(sorted((name, float(ms)) for name, ms in pairs))


def times(table: Timetable, group: Group) -> NDArray[np.float64]:
    """`rows x options`; 0 where there is no time."""
    known = dict(table)
    return np.array([[_time(known, path, o) or 0.0 for o in group.options] for path in group.rows])


def missing(table: Timetable, choices: Space) -> Iterable[str]:
    """Options that an architecture may have and that have no time."""
    known = dict(table)
    for group in choices.groups():
        for path, may in zip(group.rows, group.pickable, strict=True):
            for option, there in zip(group.options, may, strict=True):
                if there and _time(known, path, option) is None:
                    yield at_choice(path, option)


def unused(table: Timetable, choices: Space) -> list[str]:
    """Names that no option has."""
    names = {
        name
        for group in choices.groups()
        for path in group.rows
        for option in group.options
        for name in (option, at_choice(path, option))
    }
    return [name for name, _ in table if name not in names]


def at_choice(path: Path, option: str) -> str:
    """``layer0=k3e3``, ``normal/3/0/op=skip_connect``: an option at one choice."""
    return f"{'/'.join(path)}={option}"


def _time(known: Mapping[str, float], path: Path, option: str) -> float | None:
    return known.get(at_choice(path, option), known.get(option))
