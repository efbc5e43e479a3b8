"""The accuracy chain a0 .. a4, whose steps are terms of the optimization gap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from gapless.core.interval import wilson

TITLES = {
    "a0": "super-network, final mixture",
    "a1": "discretized, inherited weights",
    "a2": "statistics recomputed",
    "a3": "trained alone, search shape",
    "a4": "trained alone, deployment shape",
}
PATHS = "super-network, mean of paths drawn as it was trained"
"""a0 of a method without a mixture."""
STEPS = {
    "a1": "discretization",
    "a2": "BatchNorm recalibration",
    "a3": "weight sharing",
    "a4": "deployment",
}


@dataclass(frozen=True)
class Rung:
    """Accuracy on the audit split at one point of the chain, with Wilson's 95 % interval over images."""

    name: str
    accuracy: float
    n: int
    title: str | None = None

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.accuracy, self.n)

    def to_json(self) -> dict[str, Any]:
        low, high = self.interval
        return {
            "name": self.name, "title": self.title or TITLES[self.name], "accuracy": self.accuracy,
            "low": low, "high": high, "n": self.n,
        }  # fmt: skip


def chain(measured: Mapping[str, Mapping[str, Any]], mixed: bool = True) -> list[Rung]:
    """The rungs that were measured, in order. ``measured[name]`` has ``accuracy`` and ``n``.

    Args:
        mixed: whether the method has a mixture; without one a0 is the mean over paths.
    """
    titles = TITLES if mixed else TITLES | {"a0": PATHS}
    found = [(name, title, measured[name]) for name, title in titles.items() if name in measured]
    return [Rung(name, score["accuracy"], score["n"], title) for name, title, score in found]


def steps(rungs: list[Rung]) -> list[tuple[str, float]]:
    """Name and size of each step between neighbouring rungs; their exact sum is last minus first.

    A step over rungs that were not measured has the names of all that it takes.
    """
    return [
        (" + ".join(STEPS[name] for name in taken(a.name, b.name)), b.accuracy - a.accuracy)
        for a, b in pairwise(rungs)
    ]


def taken(start: str, end: str) -> list[str]:
    """The rungs by which a step from one rung to another goes, the first left out."""
    names = list(TITLES)
    return names[names.index(start) + 1 : names.index(end) + 1]
