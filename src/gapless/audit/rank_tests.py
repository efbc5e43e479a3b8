"""Exact p-values of ranks: by counting, so that they hold for two seeds as for fifty, ties included."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gapless.audit.resampling import Numbers

DIGITS = 12
"""Differences that agree to so many decimals are equal: accuracies are counts of images."""


def signed_rank(differences: Sequence[float]) -> float:
    """Two-sided p-value of the Wilcoxon signed-rank test, over all 2^n signs of the differences.

    Zeros are left out, equal sizes share the mean of their ranks; 1 where nothing is left.
    (Wilcoxon 1945; Hollander, Wolfe & Chicken 2014, section 3.1.)
    """
    left = _rounded(differences)
    left = left[left != 0]
    ranks = _doubled(np.abs(left))
    chances = np.zeros(int(ranks.sum()) + 1)
    chances[0] = 1.0
    for rank in ranks:
        chances[rank:] = (chances[rank:] + chances[: len(chances) - rank]) / 2
        chances[:rank] /= 2
    return _outside(chances, int(ranks[left > 0].sum()), int(ranks.sum()) / 2)


def rank_sum(a: Sequence[float], b: Sequence[float]) -> float:
    """Two-sided p-value of the Wilcoxon-Mann-Whitney test, over all ways to deal the values to the two sides.

    Equal values share the mean of their ranks; 1 where a side is empty.
    (Mann & Whitney 1947; Hollander, Wolfe & Chicken 2014, section 4.1.)
    """
    if not len(a) or not len(b):
        return 1.0
    ranks, k = _doubled(_rounded([*a, *b])), len(a)
    ways = np.zeros((k + 1, int(ranks.sum()) + 1))
    ways[0, 0] = 1.0
    for rank in ranks:
        ways[1:, rank:] += ways[:-1, : ways.shape[1] - rank].copy()
    return _outside(ways[k] / ways[k].sum(), int(ranks[:k].sum()), k * int(ranks.sum()) / len(ranks))


def holm(values: Sequence[float]) -> list[float]:
    """P-values of several tests, raised so that any one false claim has the level that each claims alone.

    (Holm 1979.)
    """
    raised, most = [0.0] * len(values), 0.0
    for done, i in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        most = max(most, min(1.0, (len(values) - done) * values[i]))
        raised[i] = most
    return raised


def _rounded(values: Sequence[float]) -> Numbers:
    return np.array([round(float(value), DIGITS) for value in values], dtype=np.float64)


def _doubled(values: Numbers) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Twice the rank of each value, a whole number also where ranks are shared."""
    below = (values[None] < values[:, None]).sum(1)
    return np.asarray(2 * below + (values[None] == values[:, None]).sum(1) + 1, dtype=np.int64)


def _outside(chances: Numbers, seen: int, middle: float) -> float:
    """Probability of a sum that is as far from the middle as the one seen, or farther."""
    sums = np.arange(len(chances))
    return min(1.0, float(chances[np.abs(sums - middle) >= abs(seen - middle) - 1e-9].sum()))
