"""Sureness: how important, certain and stable the strengths of choices are."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def score(strengths: Sequence[Vector], past: Sequence[Vector] | None = None) -> Vector:
    """``norm(importance) norm(certainty)``, times ``norm(stability)`` where the past is given; one a choice.

    With p the strengths over their sum, importance is that sum, certainty ``1 - H(p) / log n``, and stability
    the mean over earlier p' of ``sum_o min(p_o, p'_o)``. ``norm`` maps the least of the choices to 0 and the
    largest to 1; where they are all equal, to 1. Reference: Li et al. 2020 (SGAS), eq. 4 to 9.

    Args:
        strengths: for each choice those of the options that an architecture may have, from 0 on.
        past: for each choice earlier p, `times x options`.
    """
    importance = np.array([each.sum() for each in strengths])
    shares = [each / each.sum() for each in strengths]
    found = norm(importance) * norm(np.array([certainty(p) for p in shares]))
    if past is None:
        return found
    return found * norm(np.array([stability(p, then) for p, then in zip(shares, past, strict=True)]))


def certainty(p: Vector) -> float:
    """1 where all is on one option, 0 where all are equal; 1 of a single option."""
    if len(p) == 1:
        return 1.0
    positive = p[p > 0]
    return 1 + float((positive * np.log(positive)).sum()) / math.log(len(p))


def stability(p: Vector, past: Vector) -> float:
    """1 where p was always the same, 0 where nothing is known."""
    return float(np.minimum(past, p).sum(1).mean()) if len(past) else 0.0


def norm(values: Vector) -> Vector:
    """From [least, largest] onto [0, 1]."""
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else np.ones_like(values)
