"""Bootstrap intervals: what the choice of the architectures leaves open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Statistic = Callable[..., float]
RESAMPLES = 1000


@dataclass(frozen=True)
class Estimate:
    """A statistic with its 95 % interval; None where too little was measured to say.

    Args:
        n: what was resampled, for example architectures.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int

    def to_json(self) -> dict[str, Any]:
        return {"value": self.value, "low": self.low, "high": self.high, "n": self.n}


def estimate(
    statistic: Statistic, columns: Sequence[Sequence[float]], seed: int = 0, resamples: int = RESAMPLES
) -> Estimate:
    """The statistic of the columns, and the percentile interval over rows drawn with replacement.

    Resamples for which the statistic is not a number, such as those of one row repeated, are left out
    (Efron & Tibshirani 1993, chapter 13).

    Args:
        statistic: of as many columns `n` as there are, to a number.
        columns: of equal length; row i belongs to one architecture.
    """
    table = np.array(columns, dtype=np.float64)
    n = table.shape[1] if table.ndim == 2 else 0
    value = _number(statistic, table) if n > 1 else None
    if value is None or n < 3:
        return Estimate(value, None, None, n)
    rng = np.random.default_rng(seed)
    drawn = (_number(statistic, table[:, rng.integers(n, size=n)]) for _ in range(resamples))
    found = [one for one in drawn if one is not None]
    if len(found) < resamples // 2:
        return Estimate(value, None, None, n)
    low, high = np.quantile(found, [0.025, 0.975])
    return Estimate(value, float(low), float(high), n)


def _number(statistic: Statistic, table: Numbers) -> float | None:
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(statistic(*table))
    return value if np.isfinite(value) else None
