"""Progress through a run, and schedules: a value, or a function of progress."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

from gapless.core.errors import UnknownName


@dataclass(frozen=True)
class Progress:
    """Where a stage stands.

    Args:
        step: weight steps done in this stage.
        steps: weight steps of the whole stage.
        epoch: whole epochs done in this stage.
        epochs: epochs of the whole stage.
        stage: index of the stage in its recipe.
    """

    step: int = 0
    steps: int = 1
    epoch: int = 0
    epochs: int = 1
    stage: int = 0

    def fraction(self, per: Literal["step", "epoch"] = "step") -> float:
        """Share of the stage that is done, in [0, 1]."""
        done, whole = (self.step, self.steps) if per == "step" else (self.epoch, self.epochs)
        return min(done / max(whole, 1), 1.0)


T = TypeVar("T")
Schedule: TypeAlias = T | Callable[[Progress], T]


def at(schedule: Schedule[T], progress: Progress) -> T:
    """The value of a schedule at this point."""
    if callable(schedule):
        return schedule(progress)
    return schedule


@dataclass(frozen=True)
class Linear:
    """From ``start`` to ``end`` on a straight line, each step or each epoch.

    Raises:
        UnknownName: ``per`` is neither.
    """

    start: float
    end: float
    per: Literal["step", "epoch"] = "step"

    def __post_init__(self) -> None:
        _known(self.per)

    def __call__(self, progress: Progress) -> float:
        return self.start + (self.end - self.start) * progress.fraction(self.per)


@dataclass(frozen=True)
class Cosine:
    """Half a cosine from ``start`` to ``end`` (SGDR, Loshchilov & Hutter 2017, eq. 5, one period).

    Raises:
        UnknownName: ``per`` is neither ``step`` nor ``epoch``.
    """

    start: float
    end: float = 0.0
    per: Literal["step", "epoch"] = "epoch"

    def __post_init__(self) -> None:
        _known(self.per)

    def __call__(self, progress: Progress) -> float:
        wave = (1 + math.cos(math.pi * progress.fraction(self.per))) / 2
        return self.end + (self.start - self.end) * wave


@dataclass(frozen=True)
class Geometric:
    """From ``start`` to ``end``, both above 0, by the same factor each step or each epoch.

    Raises:
        UnknownName: ``per`` is neither ``step`` nor ``epoch``.
    """

    start: float
    end: float
    per: Literal["step", "epoch"] = "epoch"

    def __post_init__(self) -> None:
        _known(self.per)

    def __call__(self, progress: Progress) -> float:
        return float(self.start * (self.end / self.start) ** progress.fraction(self.per))


@dataclass(frozen=True)
class ByStage:
    """A schedule for each stage, the last one for all that follow."""

    each: tuple[Schedule[float], ...]

    def __call__(self, progress: Progress) -> float:
        return at(self.each[min(progress.stage, len(self.each) - 1)], progress)


def _known(per: str) -> None:
    if per not in ("step", "epoch"):
        raise UnknownName("unit that a schedule moves by (per)", per, ("step", "epoch"))
