"""Whether the implicit gradient that update rules are held against was reached at all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

RESIDUAL = 0.1
"""Relative residual of conjugate gradients above which what they found is no solution."""


def solved(reference: Mapping[str, Any]) -> bool:
    """Whether conjugate gradients came close enough."""
    return _number(reference.get("residual")) <= RESIDUAL


def reached(found: Mapping[str, Any]) -> bool:
    """Whether weights were converged and the system solved there: else an error says nothing of a rule.

    Args:
        found: ``convergence`` and ``reference``, as `gapless.measure.mathematical` gives them.
    """
    convergence, reference = found.get("convergence"), found.get("reference")
    if not isinstance(convergence, Mapping) or not isinstance(reference, Mapping):
        return False
    return convergence.get("reached") is True and solved(reference)


def _number(value: Any) -> float:
    """Infinity for what is no number."""
    real = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if real else math.inf
