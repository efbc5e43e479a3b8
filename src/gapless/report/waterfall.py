"""The accuracy chain as levels and steps whose printed numbers add up exactly."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gapless.audit.chain import taken
from gapless.report.words import real, tenths

LEVELS = {
    "a0": "super-network, final mixture",
    "a1": "chosen sub-network, inherited weights",
    "a2": "the same, BatchNorm statistics recomputed",
    "a3": "trained alone, search shape",
    "a4": "trained alone, deployment shape",
}
STEPS = {
    "a1": "discretization loss",
    "a2": "BatchNorm recalibration",
    "a3": "weight sharing",
    "a4": "deployment gap",
}


@dataclass(frozen=True)
class Level:
    """One measured accuracy: exact in 0..1, and as whole tenths of a percentage point."""

    name: str
    title: str
    accuracy: float
    tenths: int
    low: float | None
    high: float | None
    n: int | None


@dataclass(frozen=True)
class Step:
    """The change between two neighbouring levels, exact and in whole tenths of a percentage point."""

    title: str
    start: Level
    end: Level

    @property
    def tenths(self) -> int:
        return self.end.tenths - self.start.tenths

    @property
    def exact(self) -> float:
        """The change in accuracy as it was measured."""
        return self.end.accuracy - self.start.accuracy


@dataclass(frozen=True)
class Waterfall:
    """Levels in the order of the chain, and the steps between them; ``sum(steps) == total``."""

    levels: tuple[Level, ...]
    steps: tuple[Step, ...]

    @property
    def total(self) -> int:
        return self.levels[-1].tenths - self.levels[0].tenths

    @property
    def largest(self) -> Step:
        return max(self.steps, key=lambda step: abs(step.tenths))


def waterfall(chain: Sequence[Mapping[str, Any]]) -> Waterfall | None:
    """The chain ``a0 .. a4``; a level that was not measured merges its two steps into one.

    Returns ``None`` where fewer than two levels were measured.
    """
    found: dict[str, Level] = {}
    for entry in chain:
        name, accuracy = entry.get("name"), real(entry.get("accuracy"))
        if name in LEVELS and accuracy is not None:
            n = real(entry.get("n"))
            found[name] = Level(
                name=name,
                title=str(entry.get("title") or LEVELS[name]),
                accuracy=accuracy,
                tenths=tenths(accuracy),
                low=real(entry.get("low")),
                high=real(entry.get("high")),
                n=None if n is None else int(n),
            )
    levels = tuple(found[name] for name in LEVELS if name in found)
    if len(levels) < 2:
        return None
    steps = tuple(Step(_between(a, b), a, b) for a, b in itertools.pairwise(levels))
    return Waterfall(levels, steps)


def _between(start: Level, end: Level) -> str:
    return " + ".join(STEPS[name] for name in taken(start.name, end.name))
