"""Pairwise: which of two architectures is better, learnt from all pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gapless.evaluate.predictor.contract import Values, check, check_settings


@dataclass(frozen=True)
class Order:
    """Scores ``w x``: differences of them are logarithms of odds, in nats; the zero is arbitrary."""

    weights: Values

    def predict(self, x: Values) -> Values:
        found: Values = x @ self.weights
        return found


@dataclass(frozen=True)
class Pairwise:
    """``P(a better than b) = 1 / (1 + exp(-w (x_a - x_b)))``, the likelihood of all pairs with a penalty.

    ``w`` minimises ``|w|^2 / 2 + c * mean over pairs of -log P``. Values count by their order alone, so
    predictions have no unit. The pairs are those of RankSVM (Joachims 2002) with the logistic loss (Burges et
    al. 2005); a comparator of architectures is that of Chen et al. 2021 (CTNAS), which has a graph network
    in the place of ``w x``.

    Args:
        c: weight of the likelihood.
        pairs: how many are learnt from at most, a random set of all.
        seed: which.

    Raises:
        BadValue: no pair, or a weight that is not above 0.
    """

    c: float = 100.0
    pairs: int = 5000
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(pairs=(self.pairs, 1), c=(self.c, 1e-9))

    def fit(self, x: Values, y: Values) -> Order:
        from sklearn.linear_model import LogisticRegression

        check(x, y)
        first, second = np.triu_indices(len(y), 1)
        unequal = np.flatnonzero(y[first] != y[second])
        if not len(unequal):
            return Order(np.zeros(x.shape[1]))
        if len(unequal) > self.pairs:
            unequal = np.random.default_rng(self.seed).permutation(unequal)[: self.pairs]
        better = np.where(y[first] > y[second], first, second)[unequal]
        worse = (first + second)[unequal] - better
        # Both orders of every pair: the optimum is that of one order, and there are two classes.
        rows = x[better] - x[worse]
        both, label = np.concatenate((rows, -rows)), np.repeat((1, 0), len(rows))
        c = self.c / len(both)
        model = LogisticRegression(C=c, fit_intercept=False, tol=1e-8, max_iter=1000)  # type: ignore[no-untyped-call]
        return Order(model.fit(both, label).coef_[0])
