"""What of a run's findings is set beside that of other runs: one number each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gapless.audit.chain import STEPS, TITLES
from gapless.audit.yardstick import reached

Findings = Mapping[str, Any]
TEST = "test"


@dataclass(frozen=True)
class Measure:
    """A number of the findings.

    Args:
        name: short, as in JSON.
        title: what it is, for a person.
        unit: ``%`` for a share, ``points`` for a difference of shares, both as fractions of 1; ``s``, ``MB``,
            ``count`` or nothing.
        read: from findings; None where it was not measured.
        group: ``accuracy``, ``gap`` or ``cost``.
        do: what measures it, with ``DIR`` for the run folder.
    """

    name: str
    title: str
    unit: str
    read: Callable[[Findings], Any]
    group: str
    do: str = "gapless audit DIR"

    def of(self, found: Findings) -> float | None:
        """The number; None where it was not measured or is not finite."""
        value = self.read(found)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return None
        return float(value)


def at(*path: str | int) -> Callable[[Findings], Any]:
    """Reads what lies at a path of names and places; None where the path ends early."""

    def read(found: Any) -> Any:
        for step in path:
            inside = isinstance(found, Mapping) if isinstance(step, str) else isinstance(found, list)
            if not inside or (step not in found if isinstance(step, str) else step >= len(found)):
                return None
            found = found[step]
        return found

    return read


def named(block: str, key: str, name: str, *path: str) -> Callable[[Findings], Any]:
    """Reads from the entry of a list whose ``key`` is that name."""

    def read(found: Findings) -> Any:
        rows = at(*block.split("/"))(found)
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, Mapping) and row.get(key) == name:
                return at(*path)(row)
        return None

    return read


def over(a: Callable[[Findings], Any], b: Callable[[Findings], Any]) -> Callable[[Findings], Any]:
    """How much more the one reads than the other."""

    def read(found: Findings) -> Any:
        left, right = a(found), b(found)
        both = isinstance(left, int | float) and isinstance(right, int | float)
        return left - right if both else None

    return read


_TEST, _RULES = at("accuracy", "test", "mean"), "audit/mathematical/rules"
_ALONE = "gapless resume DIR"


def _mathematical(found: Findings) -> Any:
    """None where the yardstick itself was not reached: such numbers are not to be averaged."""
    there = at("audit", "mathematical")(found)
    known = isinstance(there, Mapping) and reached(there)
    return named(_RULES, "rule", "own", "converged", "error")(found) if known else None


MEASURES: tuple[Measure, ...] = (
    Measure(TEST, "trained alone, test split", "%", _TEST, "accuracy", "gapless audit DIR"),
    *(
        Measure(rung, title, "%", named("chain", "name", rung, "accuracy"), "accuracy")
        for rung, title in TITLES.items()
    ),
    Measure(
        "above random", "test, above the mean random architecture", "points",
        over(_TEST, at("baseline", "mean")), "accuracy",
    ),
    Measure(
        "above random search", "test, above random search at equal cost", "points", at("verdict", "gain"),
        "accuracy",
    ),
    *(
        Measure(step, f"{rung} - a{int(rung[1]) - 1}", "points",
                named("gap", "term", step, "size"), "gap")
        for rung, step in STEPS.items()
    ),
    Measure("mathematical", "relative error of the gradient of alpha", "",
            _mathematical, "gap"),
    Measure("sub-optima", "what training omega on still gains", "points",
            at("audit", "suboptima", "gain"), "gap"),
    Measure("free", "surviving operations without parameters", "%", at("audit", "free", "share"), "gap"),
    Measure("tau", "Kendall's tau of shared weights, recalibrated", "",
            at("audit", "ranking", "recalibrated", "tau", "value"), "gap"),
    Measure("tau kept", "the same with statistics as they were", "",
            at("audit", "ranking", "kept", "tau", "value"), "gap"),
    Measure("tau deployed", "Kendall's tau of search and deployment shape", "",
            at("audit", "deployment", "tau", "value"), "gap"),
    Measure("noise", "pairs of architectures that one seed each misorders", "%",
            at("audit", "noise", "flips", "value"), "gap"),
    Measure("smoothness", "autocorrelation of accuracy, one edit apart", "",
            at("audit", "landscape", "autocorrelation", 0), "gap"),
    Measure("search time", "search", "s", at("cost", "search_seconds"), "cost", _ALONE),
    Measure("training time", "all trainings of what was found", "s", at("cost", "retrain_seconds"), "cost"),
    Measure("baseline time", "all trainings of random architectures", "s",
            at("cost", "baseline_seconds"), "cost"),
    Measure("params", "parameters of the deployed network", "count", at("cost", "params"), "cost"),
    Measure("macs", "MACs for one image", "count", at("cost", "macs"), "cost"),
    Measure("memory", "peak memory of the process", "MB", at("cost", "peak_mb"), "cost", _ALONE),
)  # fmt: skip
"""In the order in which they are shown."""


def numbers(found: Findings) -> dict[str, float]:
    """Every measure that the findings hold, by name."""
    read = {measure.name: measure.of(found) for measure in MEASURES}
    return {name: value for name, value in read.items() if value is not None}
