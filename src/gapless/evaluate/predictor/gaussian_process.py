"""Gaussian process: architectures are alike by how many of their picks are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.spatial.distance import cdist

from gapless.core.errors import BadValue
from gapless.evaluate.predictor.contract import Values, check


@dataclass(frozen=True)
class ProcessModel:
    """`predict` and `moments` of a fitted `GaussianProcess` of variance ``scale^2`` around ``shift``."""

    regressor: Any
    shift: float
    scale: float

    def predict(self, x: Values) -> Values:
        found: Values = self.shift + self.regressor.predict(x)
        return found

    def moments(self, x: Values) -> tuple[Values, Values]:
        mean, spread = self.regressor.predict(x, return_std=True)
        return self.shift + mean, self.scale * spread


@dataclass(frozen=True)
class GaussianProcess:
    """``k(a, b) = s^2 exp(-|x_a - x_b|^2 / (2 l^2))``, plus noise of variance ``s^2 e``.

    On encodings of 0 and 1 the squared distance counts the options that one has and the other has not.
    ``l^2`` and ``e`` are the pair of the two lists with the highest marginal likelihood, ``s^2`` being what
    maximises it for that pair (Rasmussen & Williams 2006, section 5.4.1); nothing is drawn.

    Args:
        scales: values of ``l^2``.
        noises: values of ``e``.

    Raises:
        BadValue: an empty list, or a number that is not above 0.
    """

    scales: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0)
    noises: tuple[float, ...] = (0.02, 0.1, 0.3)

    def __post_init__(self) -> None:
        if not self.scales or not self.noises or min(*self.scales, *self.noises) <= 0:
            raise BadValue(
                expected="scales and noises above 0, at least one of each",
                got=f"scales={self.scales}, noises={self.noises}",
                do="correct them",
            )

    def fit(self, x: Values, y: Values) -> ProcessModel:
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF

        check(x, y)
        centered = y - y.mean()
        variance, scale, noise = self._likeliest(x, centered)
        kernel = RBF(np.sqrt(scale), "fixed")  # type: ignore[no-untyped-call]
        model = GaussianProcessRegressor(kernel, alpha=noise, optimizer=None)  # type: ignore[no-untyped-call]
        return ProcessModel(model.fit(x, centered), float(y.mean()), float(np.sqrt(variance)))

    def _likeliest(self, x: Values, y: Values) -> tuple[float, float, float]:
        """``s^2``, ``l^2`` and ``e`` of the highest marginal likelihood."""
        apart = cdist(x, x, "sqeuclidean")
        found = []
        for scale in self.scales:
            alike = np.exp(-apart / (2 * scale))
            for noise in self.noises:
                lower = cholesky(alike + noise * np.eye(len(y)), lower=True, check_finite=False)
                half = solve_triangular(lower, y, lower=True, check_finite=False)
                variance = max(float(half @ half) / len(y), 1e-12)
                likelihood = -0.5 * len(y) * np.log(variance) - np.log(np.diag(lower)).sum()
                found.append((float(likelihood), variance, scale, noise))
        return max(found)[1:]
