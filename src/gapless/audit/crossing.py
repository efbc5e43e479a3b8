"""Do operations without parameters grow at the expense of the others, and from when on?

Where a search collapses, gates of parameter-free operations such as skip-connections overtake the rest: what
they do is right from the first step, what the others do has to be learned (Chu et al. 2020, Fair DARTS,
section 3; Liang et al. 2019, DARTS+, section 3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import Any

Kinds = Mapping[str, Mapping[str, Mapping[str, Sequence[str]]]]


@dataclass(frozen=True)
class Crossing:
    """The moment from which parameter-free operations are the stronger (``up``) or the weaker ones."""

    epoch: float
    up: bool


@dataclass(frozen=True)
class Course:
    """Mean strengths in one group over time.

    Args:
        epochs: ascending.
        free: mean over all rows and over their options without parameters, one an epoch.
        other: likewise over options with parameters.
    """

    group: str
    epochs: tuple[float, ...]
    free: tuple[float, ...]
    other: tuple[float, ...]

    @property
    def crossings(self) -> tuple[Crossing, ...]:
        """Where the two means change places, between two epochs on a straight line.

        Epochs at which they are equal belong to neither side: to touch is not to cross, nor is to part.
        """
        apart = [(t, a - b) for t, a, b in zip(self.epochs, self.free, self.other, strict=True)]
        kept = [i for i, (_, gap) in enumerate(apart) if gap]
        found = []
        for i, j in pairwise(kept):
            (start, before), (end, after) = apart[i], apart[i + 1]
            if (apart[i][1] > 0) != (apart[j][1] > 0):
                epoch = start + (end - start) * before / (before - after)
                found.append(Crossing(epoch, up=apart[j][1] > 0))
        return tuple(found)


def courses(alpha: Sequence[Mapping[str, Any]], kinds: Kinds) -> list[Course]:
    """The course of every group, in the order of its first row in the trace.

    A group is left out where no epoch has strengths of both kinds. Of several values of one option at one
    epoch, as after a search that went back, the last counts.

    Args:
        alpha: rows with ``epoch``, ``group``, ``row``, ``option`` and ``value``.
        kinds: by group and row, the options that are ``free`` of parameters and the ``other`` ones; options
            in neither list do not count.
    """
    values: dict[str, dict[float, dict[tuple[str, str], float]]] = {}
    for one in alpha:
        place = values.setdefault(one["group"], {}).setdefault(one["epoch"], {})
        place[one["row"], one["option"]] = one["value"]
    found = []
    for group, by_epoch in values.items():
        rows = kinds.get(group, {})
        points = []
        for epoch in sorted(by_epoch):
            sides: dict[str, list[float]] = {"free": [], "other": []}
            for (row, option), value in by_epoch[epoch].items():
                for side, members in sides.items():
                    if option in rows.get(row, {}).get(side, ()):
                        members.append(value)
            if sides["free"] and sides["other"]:
                points.append((epoch, fmean(sides["free"]), fmean(sides["other"])))
        if points:
            found.append(Course(group, *(tuple(column) for column in zip(*points, strict=True))))
    return found
