"""Latency table: what each option of a space takes in ms, and how well its sums predict networks."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gapless.core import Arch
from gapless.core import Path as Choices
from gapless.core.errors import BadValue
from gapless.export.beside import beside, probe
from gapless.parts.regularize.timetable import at_choice

VERSION = 1


@dataclass(frozen=True)
class Error:
    """How far sums of the table were from measured networks that did not go into it.

    Args:
        archs: networks.
        mean_ms: mean absolute difference, in ms.
        relative: mean of that difference over what was measured.
        spearman: rank correlation; None where it is not defined.
    """

    archs: int
    mean_ms: float
    relative: float
    spearman: float | None


@dataclass(frozen=True)
class LatencyTable:
    """``latency(arch) = base + sum of options``.

    Args:
        conditions: space, shape, image, runtime, threads: what the times are of.
        base: what every architecture takes, in ms.
        options: path of a choice and an option to ms.
        error: None where nothing was held out.
    """

    conditions: Mapping[str, Any]
    base: float
    options: Mapping[tuple[Choices, str], float]
    error: Error | None = None

    def predicted(self, arch: Arch) -> float:
        """Milliseconds of one image.

        Raises:
            UnknownName: an architecture of another space.
        """
        return self.base + self.summed(arch)

    def summed(self, arch: Arch) -> float:
        """The same without the base."""
        return sum(ms for (path, option), ms in self.options.items() if option in arch.picked_at(path))

    def pairs(self) -> dict[str, float]:
        """What the regularizer `ExpectedCost` takes as ``table``: ``layer0=k3e3`` to ms."""
        return {at_choice(path, option): ms for (path, option), ms in self.options.items()}

    def write(self, file: Path) -> None:
        """``file`` with columns ``choice,option,ms``, and beside it the same name in ``.json`` with all else.

        Raises:
            Refused: a name that does not end in ``.csv``, or a place that cannot be written.
        """
        check(file)
        with beside(file) as part, part.open("w", newline="") as out:
            rows = csv.writer(out)
            rows.writerow(("choice", "option", "ms"))
            rows.writerows(("/".join(p), option, repr(ms)) for (p, option), ms in self.options.items())
        with beside(file.with_suffix(".json")) as part:
            part.write_text(json.dumps(self.to_json()))

    def to_json(self) -> dict[str, Any]:
        """A versioned JSON value; `read` reads it back."""
        return {
            "format": "gapless.latency", "version": VERSION, "conditions": dict(self.conditions),
            "base": self.base, "options": [[list(p), option, ms] for (p, option), ms in self.options.items()],
            "error": None if self.error is None else asdict(self.error),
        }  # fmt: skip


def check(file: Path) -> None:
    """Raises:
    BadValue: a name that does not end in ``.csv``, or in a folder that does not exist.
    Refused: a place that cannot be written.
    """
    if file.suffix != ".csv" or not os.path.isdir(file.parent):
        raise BadValue(
            expected="a file ending in .csv in a folder that exists", got=f"'{file}'", do="e.g. latency.csv"
        )
    for place in (file, file.with_suffix(".json")):
        probe(place)


def read(file: Path) -> LatencyTable:
    """The table that was written to ``file``, from the JSON beside it.

    Raises:
        BadValue: no such file, or not such a table.
    """
    place = file.with_suffix(".json")
    try:
        found = json.loads(place.read_text())
        if found["format"] != "gapless.latency" or found["version"] != VERSION:
            raise ValueError(f"version {found['version']} of {found['format']}")
        options = {(tuple(path), option): float(ms) for path, option, ms in found["options"]}
        error = None if found["error"] is None else Error(**found["error"])
        return LatencyTable(found["conditions"], float(found["base"]), options, error)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadValue(
            expected=f"a latency table in '{place}'",
            got=f"{type(error).__name__}: {error}", do="write it with 'gapless spaces latency'",
        ) from error  # fmt: skip
