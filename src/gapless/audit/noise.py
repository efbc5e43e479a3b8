"""How much of a difference between architectures is the luck of the seed.

The score of architecture i trained with seed j is taken as ``m + a_i + e_ij``: the spread of ``a`` is that
between architectures, the spread of ``e`` that between seeds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, count
from typing import Any

import numpy as np

from gapless.audit.rank_tests import DIGITS
from gapless.audit.resampling import Estimate

ALPHA, POWER = 0.05, 0.8


@dataclass(frozen=True)
class Spread:
    """Standard deviations between seeds of one architecture, and between architectures.

    Args:
        between, within: mean squares.
        freedom: their degrees of freedom.
        typical: trainings of one architecture, of equal ones their number.
    """

    between: float
    within: float
    freedom: tuple[int, int]
    typical: float

    @property
    def seeds(self) -> float:
        return math.sqrt(self.within)

    @property
    def archs(self) -> float:
        """0 where the seeds alone explain more than is seen."""
        return math.sqrt(max(0.0, (self.between - self.within) / self.typical))

    @property
    def flips(self) -> float:
        """Probability that one training each puts two random architectures in the wrong order.

        The true difference is normal with variance 2 archs^2, the noise on it with 2 seeds^2; the signs of
        the one and of the sum differ with probability arctan(seeds / archs) / pi (Sheppard 1899).
        """
        return _flips(self.seeds, self.archs)

    def intervals(self) -> dict[str, tuple[float, float] | None]:
        """95 % intervals of ``seeds``, ``archs`` and ``flips``; None where seeds did not differ at all.

        For normal scores: that of ``seeds`` by chi-square and that of ``flips``, a function of the ratio of
        mean squares, by F are exact for groups of one size; that of ``archs`` is Williams's (1962) and
        conservative. (Searle, Casella & McCulloch 1992, section 3.5d and e.)
        """
        from scipy.special import chdtri, fdtri

        if not self.within:
            return {"seeds": None, "archs": None, "flips": None}
        archs, seeds = self.freedom
        low, high = fdtri(archs, seeds, [ALPHA / 2, 1 - ALPHA / 2])
        ends = [
            math.sqrt(max(0.0, (self.between - reach * self.within) * archs / (self.typical * spread)))
            for reach, spread in ((high, chdtri(archs, ALPHA / 2)), (low, chdtri(archs, 1 - ALPHA / 2)))
        ]
        ratios = [max(0.0, (self.between / self.within / reach - 1) / self.typical) for reach in (low, high)]
        return {
            "seeds": (
                math.sqrt(seeds * self.within / chdtri(seeds, ALPHA / 2)),
                math.sqrt(seeds * self.within / chdtri(seeds, 1 - ALPHA / 2)),
            ),
            "archs": (ends[0], ends[1]),
            "flips": (_flips(1.0, math.sqrt(ratios[0])), _flips(1.0, math.sqrt(ratios[1]))),
        }


def _flips(seeds: float, archs: float) -> float:
    return math.atan2(seeds, archs) / math.pi if seeds or archs else 0.5


def spread(scores: Sequence[Sequence[float]]) -> Spread | None:
    """Components of variance of one-way analysis by the method of moments, for groups of any sizes.

    None where no architecture was trained with two seeds, or there is only one architecture. (Searle, Casella
    & McCulloch 1992, section 3.6.)

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
    return Spread(between, within, (k - 1, int(n) - k), typical)


def flipped(scores: Sequence[Sequence[float]]) -> float | None:
    """How often trainings disagree: share of pairs of one seed each that contradict the means of the others.

    A training does not vote for itself. With two seeds it is one training against another, which is more
    often than against the truth; None where no two architectures have two seeds.
    """
    wrong = total = 0.0
    for a, b in combinations([group for group in scores if len(group) > 1], 2):
        for x in a:
            for y in b:
                rest = (sum(a) - x) / (len(a) - 1) - (sum(b) - y) / (len(b) - 1)
                wrong += 0.5 if (x - y) * rest == 0 else float((x - y) * rest < 0)
                total += 1
    return wrong / total if total else None


def seeds_needed(difference: float, seeds: float, paired: bool = False, level: float = ALPHA) -> int | None:
    """Trainings of each of two architectures that show a difference with power 0.8.

    Two-sided t-test by its normal approximation: n = 2 (z_(1-level/2) + z_0.8)^2 (sd / difference)^2
    + z_(1-level/2)^2 / 4, in pairs with half of the last term's divisor (Guenther 1981); and no fewer than
    with which an exact rank test can give a p below the level at all, 2 / C(2n, n) or in pairs 2^(1 - n).
    None where the difference is 0.

    Args:
        seeds: standard deviation between seeds; in pairs, that of a difference over the root of 2.
    """
    from scipy.special import ndtri

    if round(difference, DIGITS) == 0:
        return None
    z = float(ndtri(1 - level / 2))
    size = 2 * ((z + float(ndtri(POWER))) * seeds / difference) ** 2 + z**2 / (2 if paired else 4)
    least = next(n for n in count(2) if (2.0 ** (1 - n) if paired else 2 / math.comb(2 * n, n)) < level)
    return max(least, math.ceil(size - 1e-9))


def noise(scores: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """The spreads, the probability of a flip and the seeds that a claim needs, as one JSON value.

    Args:
        scores: for each architecture, by key, one a seed.
    """
    groups = list(scores.values())
    found = spread(groups)
    if found is None:
        return {"archs": len(groups), "missing": "two seeds of one architecture, and two architectures"}
    intervals = found.intervals()
    means = sorted((float(np.mean(group)) for group in groups), reverse=True)
    lead = means[0] - means[1]

    def over(name: str) -> dict[str, Any]:
        low, high = intervals[name] or (None, None)
        return Estimate(getattr(found, name), low, high, len(groups)).to_json()

    return {
        "archs": len(groups), "trainings": sum(map(len, groups)),
        "sd of seeds": over("seeds"), "sd of archs": over("archs"),
        "flips": over("flips"), "flipped": flipped(groups),
        "lead": lead, "seeds for the lead": seeds_needed(lead, found.seeds),
        "seeds for one point": seeds_needed(0.01, found.seeds),
    }  # fmt: skip
