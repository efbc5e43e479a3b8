"""An ablation as a table: the mean of each variant over seeds, and how it differs from the base."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

BASE, FILE = "base", "ablation.json"
COLUMNS: Mapping[str, str] = {
    "a0": "super-network, final mixture",
    "a1": "discretized, inherited weights",
    "a2": "statistics recomputed",
    "drop": "a0 - a1, the loss of discretization",
    "skips": "skip connections of the architecture",
}
"""What is tabled of a search; accuracies are on the audit split."""


def mean(values: Sequence[float]) -> dict[str, Any]:
    """Mean and 95 % interval over seeds by Student's t; no interval from a single value."""
    from scipy.special import stdtrit

    center, n = fmean(values), len(values)
    if n < 2:
        return {"mean": center, "low": None, "high": None, "n": n}
    reach = float(stdtrit(n - 1, 0.975)) * stdev(values) / math.sqrt(n)
    return {"mean": center, "low": center - reach, "high": center + reach, "n": n}


def table(searches: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row a variant, in the order in which they first come.

    Args:
        searches: each with ``variant``, ``seed`` and the `COLUMNS`.

    Returns:
        ``variant``, ``seeds``, each column as `mean` gives it, and under ``difference`` each column's
        difference from the base, seed by seed, where there are common seeds.
    """
    by_variant: dict[str, dict[int, Mapping[str, Any]]] = {}
    for search in searches:
        by_variant.setdefault(search["variant"], {})[search["seed"]] = search
    base, rows = by_variant.get(BASE, {}), []
    for variant, found in by_variant.items():
        row: dict[str, Any] = {"variant": variant, "seeds": sorted(found)}
        row |= {name: mean([found[seed][name] for seed in sorted(found)]) for name in COLUMNS}
        common = sorted(set(found) & set(base))
        if variant != BASE and common:
            row["difference"] = {
                name: mean([found[seed][name] - base[seed][name] for seed in common]) for name in COLUMNS
            }
        rows.append(row)
    return rows


def lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The table as text; accuracies in %, ``+-`` half of the 95 % interval over seeds."""
    title = ("variant", "seeds", "a0", "a1", "a2", "a0 - a1", "skips", "a2 - base")
    cells = [title]
    for row in rows:
        values = [_cell(row[name], 1 if name == "skips" else 100) for name in COLUMNS]
        from_base = _cell(row["difference"]["a2"], 100) if "difference" in row else ""
        cells.append((row["variant"], str(len(row["seeds"])), *values, from_base))
    widths = [max(len(row[i]) for row in cells) for i in range(len(title))]
    return ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells]


def _cell(value: Mapping[str, Any], scale: float) -> str:
    text = f"{scale * value['mean']:.1f}"
    return text if value["low"] is None else f"{text} +- {scale * (value['high'] - value['mean']):.1f}"
