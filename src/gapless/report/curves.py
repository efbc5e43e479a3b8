"""The trace as panels of curves: one panel a stage and a quantity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gapless.report.gates import text
from gapless.report.words import real

_INDEX = ("stage", "epoch", "step")
_PAIRED = {"loss": "Loss", "accuracy": "Accuracy"}
_NAMES = {"lr": "Learning rate", "seconds": "Seconds"}
_MOST_OTHERS = 6


@dataclass(frozen=True)
class Curve:
    """One line: ``name`` is ``train``, ``val`` or empty."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True)
class Panel:
    """One small chart; accuracies are in 0..1."""

    stage: str
    title: str
    accuracy: bool
    curves: tuple[Curve, ...]


def panels(trace: Sequence[Mapping[str, Any]]) -> list[Panel]:
    """Losses, then accuracies, then up to six other recorded numbers, stage by stage.

    Where an epoch has several rows its mean is drawn. A column that never changes is left out.
    """
    found: list[Panel] = []
    for stage in dict.fromkeys(text(row.get("stage")) for row in trace):
        members = [row for row in trace if text(row.get("stage")) == stage]
        columns = dict.fromkeys(name for row in members for name in row if name and name not in _INDEX)
        for ending, title in _PAIRED.items():
            pair = [Curve(side, *_series(members, f"{side}_{ending}")) for side in ("train", "val")]
            drawn = tuple(curve for curve in pair if curve.x)
            if drawn:
                found.append(Panel(stage, title, ending == "accuracy", drawn))
        taken = {f"{side}_{ending}" for side in ("train", "val") for ending in _PAIRED}
        others = 0
        for name in columns:
            x, y = _series(members, name)
            if name in taken or len(set(y)) < 2 or others == _MOST_OTHERS:
                continue
            found.append(Panel(stage, _NAMES.get(name, name.replace("_", " ")), False, (Curve("", x, y),)))
            others += 1
    return found


def _series(members: Sequence[Mapping[str, Any]], column: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    sums: dict[float, tuple[float, int]] = {}
    for index, row in enumerate(members):
        value = real(row.get(column))
        if value is None:
            continue
        x = real(row.get("epoch"))
        if x is None:
            step = real(row.get("step"))
            x = float(index) if step is None else step
        total, n = sums.get(x, (0.0, 0))
        sums[x] = (total + value, n + 1)
    ordered = sorted(sums)
    return tuple(ordered), tuple(sums[x][0] / sums[x][1] for x in ordered)
