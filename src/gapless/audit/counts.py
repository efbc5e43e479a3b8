"""How often each operation was trained: whether a search was fair to its options."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from typing import Any

Trained = Mapping[str, Mapping[str, Mapping[str, int]]]


def counts(trained: Trained) -> dict[str, Any]:
    """Over the choices that have an option: in how many paths it was, in the mean, at least and at most.

    ``spread`` is by how much the most trained option of a choice was ahead of the least trained one, as a
    share of the mean of that choice, and of all choices the largest such share: 0 under strict fairness
    (Chu et al. 2021, FairNAS, definition 1).

    Args:
        trained: counts by group, row and option.
    """
    by_option: dict[str, list[int]] = {}
    spreads = []
    for rows in trained.values():
        for row in rows.values():
            for option, count in row.items():
                by_option.setdefault(option, []).append(count)
            if mean := fmean(row.values()):
                spreads.append((max(row.values()) - min(row.values())) / mean)
    return {
        "options": {
            option: {"mean": fmean(found), "least": min(found), "most": max(found), "choices": len(found)}
            for option, found in sorted(by_option.items(), key=lambda pair: (-fmean(pair[1]), pair[0]))
        },
        "spread": max(spreads, default=0.0),
    }
