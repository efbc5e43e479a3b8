"""Linear: ridge regression whose penalty is chosen by evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gapless.evaluate.predictor.contract import Values, check


@dataclass(frozen=True)
class LinearModel:
    """`predict` and `moments` of a fitted `Linear`."""

    regressor: Any

    def predict(self, x: Values) -> Values:
        found: Values = self.regressor.predict(x)
        return found

    def moments(self, x: Values) -> tuple[Values, Values]:
        mean, spread = self.regressor.predict(x, return_std=True)
        return mean, spread


@dataclass(frozen=True)
class Linear:
    """``y = w x + b``, ``w`` minimising ``alpha |y - X w - b|^2 + lambda |w|^2``.

    alpha and lambda maximise the marginal likelihood (MacKay 1992), so there is nothing to set. A linear
    model of what is picked is the regressor of LaNAS (Wang et al. 2019).
    """

    def fit(self, x: Values, y: Values) -> LinearModel:
        from sklearn.linear_model import BayesianRidge

        check(x, y)
        regressor = BayesianRidge()  # type: ignore[no-untyped-call]
        return LinearModel(regressor.fit(x, y))
