"""The search beside random search at equal cost, in one sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean


@dataclass(frozen=True)
class Outcome:
    """What random search comes to that trains ``k`` architectures and keeps the best on validation.

    Args:
        expected: mean test accuracy of what it keeps.
        tests: every test accuracy it may end with, and with what probability.
    """

    k: int
    expected: float
    tests: tuple[tuple[float, float], ...]

    def at_least(self, accuracy: float) -> float:
        """Probability that it ends with that test accuracy or a better one."""
        return sum(chance for test, chance in self.tests if test >= accuracy)


def outcome(trained: Sequence[tuple[float, float]], k: int) -> Outcome:
    """Exact, over all sets of ``k`` of the random architectures that were trained.

    The one that is i-th best on validation of n is kept with probability C(n - i, k - 1) / C(n, k).

    Args:
        trained: validation and test accuracy of each; of equal validation the earlier one is kept.
        k: at most as many as were trained.
    """
    ranked = sorted(trained, key=lambda pair: -pair[0])
    n = len(ranked)
    chances = [math.comb(n - i, k - 1) / math.comb(n, k) for i in range(1, n + 1)]
    tests = tuple((test, chance) for (_, test), chance in zip(ranked, chances, strict=True) if chance)
    return Outcome(k, sum(test * chance for test, chance in tests), tests)


@dataclass(frozen=True)
class Judgement:
    """A search against random search.

    Args:
        k: trainings that the time of the search would have paid for, what it found included.
        trained: how many there are to judge from; fewer than ``k`` make random search look weaker.
        p: probability that random search ends at least as well, were the search no better than it.
    """

    k: int
    trained: int
    expected: float
    gain: float
    p: float
    sentence: str


def judged(
    found: Sequence[float], trained: Sequence[tuple[float, float]], search_seconds: float, each: float
) -> Judgement | None:
    """None where no random architecture was trained.

    The p-value counts the found architecture among those it is compared with, so that it is never 0 and
    valid for any number of them (Phipson & Smyth 2010).

    Args:
        found: test accuracies of what was found, one a seed; their mean is compared.
        trained: validation and test accuracy of random architectures, trained alike.
        each: seconds that one training takes.
    """
    if not trained or not found:
        return None
    k = max(1, 1 + int(search_seconds / each)) if each > 0 else 1
    there = outcome(trained, min(k, len(trained)))
    mean, n = fmean(found), len(trained)
    p = (1 + n * there.at_least(mean)) / (n + 1)
    gain = mean - there.expected
    side = "better" if gain >= 0 else "worse"
    cost = f"random search at equal cost (the best of {there.k} trained architectures)"
    if k > n:
        cost = f"random search with {n} of the {k} trainings that equal cost would pay for"
    text = f"the search is {abs(100 * gain):.1f} points {side} than {cost}"
    end = f"that is more than luck (p = {p:.3f})" if p < 0.05 else f"that may be luck (p = {p:.2f})"
    return Judgement(k, n, there.expected, gain, p, f"{text}; {end}.")
