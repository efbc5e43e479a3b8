"""The search beside random search at equal cost, in one sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

LEVEL, SAME = 0.05, 1e-9
"""Of a claim; accuracies no farther apart are equal."""


@dataclass(frozen=True)
class Outcome:
    """What random search comes to that trains ``k`` architectures and keeps the best on validation.

    Args:
        expected: mean test accuracy of what it keeps.
    """

    k: int
    expected: float


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
    return Outcome(k, sum(test * chance for (_, test), chance in zip(ranked, chances, strict=True)))


def luck(found: float, tests: Sequence[float], k: int) -> float:
    """Probability that the best of ``k`` random architectures does so well beside those that were trained.

    Were the search a random search of ``k`` trainings, the best of its k and the n others would be n + k
    draws of one kind, and r others or fewer would be at least as good with probability
    1 - C(n + k - r - 1, k) / C(n + k, k): no less than k / (n + k), so that few trainings cannot deny luck.
    Choosing on validation finds less than the best on test, so the true probability is at most this.

    Args:
        tests: test accuracies of n random architectures.
    """
    n = len(tests)
    better = sum(test >= found - SAME for test in tests)
    return 1 - math.comb(n + k - better - 1, k) / math.comb(n + k, k)


@dataclass(frozen=True)
class Judgement:
    """A search against random search.

    Args:
        k: trainings that the time of the search would have paid for, what it found included.
        trained: how many there are to judge from; fewer than ``k`` make random search look weaker.
        p: probability of so good an end, were the search no better than random search (`luck`).
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

    Args:
        found: test accuracies of what was found, one a seed; their mean is compared.
        trained: validation and test accuracy of random architectures, trained alike.
        search_seconds, each: what the search and one training took, in seconds times threads.
    """
    if not trained or not found:
        return None
    k = max(1, 1 + int(search_seconds / each)) if each > 0 else 1
    there = outcome(trained, min(k, len(trained)))
    mean, n = fmean(found), len(trained)
    p, least = luck(mean, [test for _, test in trained], k), k / (n + k)
    gain = mean - there.expected
    size = f"{abs(100 * gain):.1f}"
    side = "as good as" if size == "0.0" else f"{size} points {'better' if gain > 0 else 'worse'} than"
    cost = f"random search at equal cost (the best of {there.k} trained architectures)"
    if k > n:
        cost = f"random search with {n} of the {k} trainings that equal cost would pay for"
    end = f"that is more than luck (p = {p:.3f})" if p < LEVEL else f"that may be luck (p = {p:.2f})"
    if p >= LEVEL and (gain < 0 or size == "0.0"):
        end = f"nothing shows that it is better (p = {p:.2f})"
    elif p >= LEVEL and least >= LEVEL:
        end = f"so few trainings cannot tell it from luck (p = {p:.2f}, at best {least:.2f})"
    return Judgement(k, n, there.expected, gain, p, f"the search is {side} {cost}; {end}.")
