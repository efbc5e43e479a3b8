"""Held out: how well a predictor orders what it was not fitted to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gapless.core import Space
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.evaluate.predictor.contract import Predictor, Values, check, features, fitted
from gapless.evaluate.predictor.normal_scores import normal_scores

RESAMPLED = 500


@dataclass(frozen=True)
class Agreement:
    """Kendall's tau-b between predictions and values, and the interval that the records allow.

    Args:
        tau: mean over folds; NaN where predictions or values of a fold are all equal.
        low: 2.5 % quantile over bootstrap samples of the records within each fold.
        high: 97.5 % quantile.
        n: records.
    """

    tau: float
    low: float
    high: float
    n: int


def held_out(
    predictor: Predictor, space: Space, records: Sequence[Record], folds: int = 5, seed: int = 0,
    metric: str = "accuracy",
) -> Agreement:  # fmt: skip
    """Every record is predicted by a model fitted to the other folds; folds are random, of equal size.

    Models are fitted to normal scores of the values. The interval covers the choice of the records, not that
    of what the models were fitted to.

    Raises:
        BadValue: fewer than 2 folds or 2 records a fold, or a record without a finite value.
    """
    if folds < 2 or len(records) < 2 * folds:
        raise BadValue(
            expected=f"at least 2 folds, and {2 * max(folds, 2)} records for them",
            got=f"{folds} folds and {len(records)} records",
            do="score more architectures, or lower folds",
        )
    y = np.array([record.metrics.get(metric, math.nan) for record in records])
    x = features(predictor, space, [record.arch for record in records])
    check(x, y)
    rng, pairs = np.random.default_rng(seed), list[tuple[Values, Values]]()
    for part in np.array_split(rng.permutation(len(y)), folds):
        others = np.setdiff1d(np.arange(len(y)), part)
        model = fitted(predictor, x[others], normal_scores(y[others]))
        pairs.append((model.predict(x[part]), y[part]))
    samples = ([rng.integers(len(v), size=len(v)) for _, v in pairs] for _ in range(RESAMPLED))
    means = (_mean([(p[i], v[i]) for (p, v), i in zip(pairs, rows, strict=True)]) for rows in samples)
    known = [mean for mean in means if not math.isnan(mean)]
    low, high = np.quantile(known, (0.025, 0.975)) if known else (math.nan, math.nan)
    return Agreement(_mean(pairs), float(low), float(high), len(y))


def _mean(pairs: Sequence[tuple[Values, Values]]) -> float:
    return sum(tau(predicted, values) for predicted, values in pairs) / len(pairs)


def tau(a: Values, b: Values) -> float:
    """Kendall's tau-b, `n` and `n`; NaN where one of them is constant."""
    upper = np.triu_indices(len(a), 1)
    s, t = (_signs(v)[upper] for v in (a, b))
    scale = math.sqrt(float((s != 0).sum()) * float((t != 0).sum()))
    return float((s * t).sum()) / scale if scale else math.nan


def _signs(values: Values) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.sign(values[:, None] - values[None, :])
    return found
