"""Do light operations grow at the expense of heavy ones, and from when on?

Light are those without parameters, or, where no group has these and others, those of at most the median MACs
of their choice. Where a search collapses, gates of parameter-free operations such as skip-connections
overtake the rest: what they do is right from the first step, what the others do has to be learned (Chu et al.
2020, Fair DARTS, section 3; Liang et al. 2019, DARTS+, section 3).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import Any

Kinds = Mapping[str, Mapping[str, Mapping[str, Sequence[str]]]]
SIDES = {"parameters": ("free", "other"), "MACs": ("light", "heavy")}
"""What tells light options from heavy ones, and how the two are called in `Kinds`; the first that can."""


@dataclass(frozen=True)
class Crossing:
    """The moment from which light operations are the stronger (``up``) or the weaker ones."""

    epoch: float
    up: bool


@dataclass(frozen=True)
class Course:
    """Mean strengths in one group over time.

    Args:
        epochs: ascending.
        light: mean over all rows and over their light options, one an epoch.
        heavy: likewise over heavy options.
        by: what tells light from heavy, of `SIDES`.
    """

    group: str
    epochs: tuple[float, ...]
    light: tuple[float, ...]
    heavy: tuple[float, ...]
    by: str = "parameters"

    @property
    def crossings(self) -> tuple[Crossing, ...]:
        """Where the two means change places, between two epochs on a straight line.

        Epochs at which they are equal belong to neither side: to touch is not to cross, nor is to part.
        """
        apart = [(t, a - b) for t, a, b in zip(self.epochs, self.light, self.heavy, strict=True)]
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

    A group is left out where no epoch has strengths of both kinds. Options are told apart by their MACs where
    no group has strengths of options with and without parameters. Of several values of one option at one
    epoch, as after a search that went back, the last counts.

    Args:
        alpha: rows with ``epoch``, ``group``, ``row``, ``option`` and ``value``.
        kinds: by group and row, the options that are ``free`` of parameters and the ``other`` ones, those
            that are ``light`` and ``heavy`` by their MACs; options in no list do not count.
    """
    every = ([*_courses(alpha, kinds, by)] for by in SIDES)
    return next((found for found in every if found), [])


def _courses(alpha: Sequence[Mapping[str, Any]], kinds: Kinds, by: str) -> Iterator[Course]:
    values: dict[str, dict[float, dict[tuple[str, str], float]]] = {}
    for one in alpha:
        place = values.setdefault(one["group"], {}).setdefault(one["epoch"], {})
        place[one["row"], one["option"]] = one["value"]
    light, heavy = SIDES[by]
    for group, by_epoch in values.items():
        rows = kinds.get(group, {})
        points = []
        for epoch in sorted(by_epoch):
            sides: dict[str, list[float]] = {light: [], heavy: []}
            for (row, option), value in by_epoch[epoch].items():
                for side, members in sides.items():
                    if option in rows.get(row, {}).get(side, ()):
                        members.append(value)
            if sides[light] and sides[heavy]:
                points.append((epoch, fmean(sides[light]), fmean(sides[heavy])))
        if points:
            epochs, small, large = (tuple(column) for column in zip(*points, strict=True))
            yield Course(group, epochs, small, large, by)
