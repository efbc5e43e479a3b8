"""How much of a difference between architectures is the luck of the seed.

The score of architecture i trained with seed j is taken as ``m + a_i + e_ij``: the spread of ``a`` is that
between architectures, the spread of ``e`` that between seeds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from operator import attrgetter
from typing import Any

import numpy as np

from gapless.audit.resampling import Estimate

ALPHA, POWER = 0.05, 0.8
RESAMPLES = 500


@dataclass(frozen=True)
class Spread:
    """Standard deviations between seeds of one architecture, and between architectures."""

    seeds: float
    archs: float

    @property
    def flips(self) -> float:
        """Probability that one training each puts two random architectures in the wrong order.

        The true difference is normal with variance 2 archs^2, the noise on it with 2 seeds^2; the signs of
        the one and of the sum differ with probability arctan(seeds / archs) / pi (Sheppard 1899).
        """
        return math.atan2(self.seeds, self.archs) / math.pi if self.seeds or self.archs else 0.5


def spread(scores: Sequence[Sequence[float]]) -> Spread | None:
    """Components of variance of one-way analysis by the method of moments, for groups of any sizes.

    A negative component between architectures is 0. None where no architecture was trained with two
    seeds, or there is only one architecture. (Searle, Casella & McCulloch 1992, section 3.6.)

    Args:
        scores: for each architecture, one a seed.
    """
    groups = [np.array(group, dtype=np.float64) for group in scores if len(group)]
    sizes = np.array([len(group) for group in groups], dtype=np.float64)
    n, k = sizes.sum(), len(groups)
    if k < 2 or n == k:
        return None
    means = np.array([group.mean() for group in groups])
    within = sum(float(((group - group.mean()) ** 2).sum()) for group in groups) / (n - k)
    grand = float((sizes * means).sum() / n)
    between = float((sizes * (means - grand) ** 2).sum()) / (k - 1)
    typical = (n - float((sizes**2).sum()) / n) / (k - 1)
    return Spread(math.sqrt(within), math.sqrt(max(0.0, (between - within) / typical)))


def flipped(scores: Sequence[Sequence[float]]) -> float | None:
    """Share of pairs of trainings, of two architectures and one seed each, that contradict their means.

    The means are over the other seeds, so that a training does not vote for itself; None where no two
    architectures have two seeds.
    """
    wrong = total = 0.0
    for a, b in combinations([group for group in scores if len(group) > 1], 2):
        for x in a:
            for y in b:
                rest = (sum(a) - x) / (len(a) - 1) - (sum(b) - y) / (len(b) - 1)
                wrong += 0.5 if (x - y) * rest == 0 else float((x - y) * rest < 0)
                total += 1
    return wrong / total if total else None


def seeds_needed(difference: float, seeds: float) -> int | None:
    """Trainings of each of two architectures that show a difference with power 0.8 at level 0.05.

    Two-sided, normal approximation: n = 2 (z_0.975 + z_0.8)^2 (sd / difference)^2, at least 2; None where
    the difference is 0.

    Args:
        seeds: standard deviation between seeds.
    """
    from scipy.special import ndtri

    if difference == 0:
        return None
    reach = float(ndtri(1 - ALPHA / 2) + ndtri(POWER))
    return max(2, math.ceil(2 * (reach * seeds / difference) ** 2 - 1e-9))


def noise(scores: Mapping[str, Sequence[float]], seed: int = 0) -> dict[str, Any]:
    """The spreads, the probability of a flip and the seeds that a claim needs, as one JSON value.

    Intervals are over architectures, drawn with replacement.

    Args:
        scores: for each architecture, by key, one a seed.
    """
    groups = list(scores.values())
    found = spread(groups)
    if found is None:
        return {"archs": len(groups), "missing": "two seeds of one architecture, and two architectures"}
    rng, drawn = np.random.default_rng(seed), list[Spread]()
    for _ in range(RESAMPLES):
        one = spread([groups[int(i)] for i in rng.integers(len(groups), size=len(groups))])
        drawn += [] if one is None else [one]
    means = sorted((float(np.mean(group)) for group in groups), reverse=True)
    lead = means[0] - means[1]

    def over(read: Callable[[Spread], float]) -> dict[str, Any]:
        return _over(read(found), [read(one) for one in drawn], len(groups))

    return {
        "archs": len(groups), "trainings": sum(map(len, groups)),
        "sd of seeds": over(attrgetter("seeds")), "sd of archs": over(attrgetter("archs")),
        "flips": over(attrgetter("flips")), "flipped": flipped(groups),
        "lead": lead, "seeds for the lead": seeds_needed(lead, found.seeds),
        "seeds for one point": seeds_needed(0.01, found.seeds),
    }  # fmt: skip


def _over(value: float, drawn: Sequence[float], n: int) -> dict[str, Any]:
    enough = n > 2 and len(drawn) > RESAMPLES // 2
    low, high = (float(q) for q in np.quantile(drawn, [0.025, 0.975])) if enough else (None, None)
    return Estimate(value, low, high, n).to_json()
