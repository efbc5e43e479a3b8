"""Normal scores: values by their order alone."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from gapless.evaluate.predictor.contract import Values


def normal_scores(y: Values) -> Values:
    """Value of rank r of n, the lowest being 1, to ``Phi^-1((r - 1/2) / n)``; equal values share a mean rank.

    A few architectures that do not train at all would otherwise take most of the variance that a model
    explains. Salinas, Shen & Perrone 2020 (Gaussian copulas). Deviation: they clip the empirical
    distribution at its ends, where we take the middle of each step.
    """
    found: Values = ndtri((rankdata(y) - 0.5) / max(1, np.size(y)))
    return found
