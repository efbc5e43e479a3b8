"""What random search finds in a table, exactly, by order statistics."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaln

Numbers = np.ndarray[tuple[int], np.dtype[np.float64]]


def found(seen: Numbers, truths: Numbers, n: int) -> tuple[float, float]:
    """Mean and standard deviation, over draws of n different ones, of the truth of that which is seen best.

    Args:
        seen, truths: `every architecture`; of equals the first is taken.
    """
    below = np.arange(len(seen))[::-1]  # how many come after each in the order of what is seen
    logs = _log_ways(below, n - 1) - _log_ways(np.array([len(seen)]), n)
    chances, values = np.exp(logs), truths[np.argsort(-seen, kind="stable")]
    mean = float(chances @ values)
    return mean, math.sqrt(float(chances @ (values - mean) ** 2))


def _log_ways(of: np.ndarray[tuple[int], np.dtype[np.int64]], k: int) -> Numbers:
    """Logarithm of how many sets of k there are; minus infinity for none."""
    ways = gammaln(of + 1.0) - gammaln(k + 1.0) - gammaln(np.maximum(of - k, 0) + 1.0)
    return np.where(of < k, -np.inf, ways)
