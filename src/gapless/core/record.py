"""Record: what was measured about one architecture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gapless.core.arch import Arch
from gapless.core.errors import BadValue

VERSION = 1
PENDING = "pending"
"""The provenance of what somebody else is scoring: its numbers are not there yet."""


@dataclass(frozen=True)
class Record:
    """One evaluation.

    Args:
        arch: what was evaluated.
        metrics: higher is better, apart from those that only inform, such as ``loss``; ``accuracy``
            in [0, 1] is what explorers maximise.
        cost: lower is better: ``macs`` of one image, ``parameters``, ...
        seconds: wall-clock time of the evaluation.
        provenance: how the numbers came about: ``inherited``, ``stand-alone``, ``table``, ...
    """

    arch: Arch
    metrics: Mapping[str, float]
    cost: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    provenance: str = ""

    def to_json(self) -> dict[str, Any]:
        """A versioned JSON value; every number is read back exactly, NaN and infinity too."""
        return {
            "format": "gapless.record",
            "version": VERSION,
            "arch": self.arch.to_json(),
            "metrics": {name: _plain(value) for name, value in self.metrics.items()},
            "cost": {name: _plain(value) for name, value in self.cost.items()},
            "seconds": _plain(self.seconds),
            "provenance": self.provenance,
        }

    @classmethod
    def from_json(cls, value: Any) -> Record:
        """Reads what `to_json` wrote.

        Raises:
            BadValue: not a record, a damaged one, or written by another version.
        """
        if not isinstance(value, Mapping) or value.get("format") != "gapless.record":
            raise BadValue(
                expected="a record written by gapless",
                got=f'a {type(value).__name__} without "format": "gapless.record"',
                do="give what Record.to_json wrote",
            )
        if value.get("version") != VERSION:
            raise BadValue(
                expected=f"a record of version {VERSION}",
                got=f"version {value.get('version')!r}",
                do="read it with the gapless that wrote it",
            )
        try:
            return cls(
                arch=Arch.from_json(value["arch"]),
                metrics={name: float(number) for name, number in value["metrics"].items()},
                cost={name: float(number) for name, number in value["cost"].items()},
                seconds=float(value["seconds"]),
                provenance=str(value["provenance"]),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise BadValue(
                expected="a whole record with arch, metrics, cost, seconds and provenance",
                got=f"one in which {type(error).__name__}: {error}",
                do="write the record again",
            ) from error


def _plain(value: float) -> float | str:
    """JSON has no NaN and no infinity, so these are words."""
    value = float(value)
    return value if math.isfinite(value) else str(value)
