"""How smooth the scores are over the space: the survey's first open question.

Read off random walks, in which each architecture is one edit from the one before, and off whole
neighbourhoods.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from typing import Any

import numpy as np

LAGS = 10


def autocorrelation(walks: Sequence[Sequence[float]], lag: int) -> float | None:
    """Correlation of scores that are ``lag`` edits apart on the same walk, about the mean of all walks.

    Weinberger 1990. None where no walk is as long or the scores do not differ.
    """
    pairs = [(walk[i], walk[i + lag]) for walk in walks for i in range(len(walk) - lag)]
    every = np.array([score for walk in walks for score in walk], dtype=np.float64)
    if not pairs or len(every) < 2 or not np.ptp(every):
        return None
    a, b = (np.array(side, dtype=np.float64) - every.mean() for side in zip(*pairs, strict=True))
    return float((a * b).mean() / every.var())


def length(walks: Sequence[Sequence[float]]) -> float | None:
    """Correlation length in edits, -1 / ln(autocorrelation at lag 1) (Stadler 1996); 0 where not positive.

    None where it cannot be told.
    """
    first = autocorrelation(walks, 1)
    if first is None or first >= 1:
        return None
    return -1 / math.log(first) if first > 0 else 0.0


def by_distance(codes: Sequence[Sequence[float]], scores: Sequence[float]) -> list[dict[str, float]]:
    """For each edit distance, the pairs and the mean absolute difference of their scores.

    Args:
        codes: `n x options`, 0 or 1, as `Space.encode` has them; a replaced option counts as one edit.
    """
    table, found = np.array(codes, dtype=np.float64), dict[int, list[float]]()
    for i, j in combinations(range(len(scores)), 2):
        edits = math.ceil(float(np.abs(table[i] - table[j]).sum()) / 2)
        found.setdefault(edits, []).append(abs(scores[i] - scores[j]))
    return [
        {"edits": edits, "pairs": len(found[edits]), "difference": float(np.mean(found[edits]))}
        for edits in sorted(found)
    ]


def local_optima(neighbourhoods: Sequence[tuple[float, Sequence[float]]]) -> float | None:
    """Share of architectures that no neighbour beats; each is given with the scores of all its neighbours."""
    if not neighbourhoods:
        return None
    return sum(all(score >= near for near in others) for score, others in neighbourhoods) / len(
        neighbourhoods
    )


def landscape(
    walks: Sequence[Sequence[float]],
    codes: Sequence[Sequence[float]],
    scores: Sequence[float],
    neighbourhoods: Sequence[tuple[float, Sequence[float]]] = (),
    edits: Mapping[str, Sequence[float]] | None = None,
) -> dict[str, Any]:
    """All of it as one JSON value.

    Args:
        walks: scores along each.
        codes, scores: of all architectures that were scored.
        edits: score changes by what was replaced by what.
    """
    every = np.array(scores, dtype=np.float64)
    steps = [abs(b - a) for walk in walks for a, b in pairwise(walk)]
    return {
        "archs": len(scores), "sd": float(every.std()) if len(scores) > 1 else None,
        "autocorrelation": [autocorrelation(walks, lag) for lag in range(1, LAGS + 1)],
        "length": length(walks), "edit": float(np.mean(steps)) if steps else None,
        "distance": by_distance(codes, scores), "local optima": local_optima(neighbourhoods),
        "neighbourhoods": len(neighbourhoods),
        "edits": [
            {"edit": name, "change": float(np.mean(found)), "n": len(found)}
            for name, found in sorted((edits or {}).items(), key=lambda one: float(np.mean(one[1])))
        ],
    }  # fmt: skip
