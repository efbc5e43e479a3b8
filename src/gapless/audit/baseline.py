"""Is it any good: the found architecture beside random ones that were trained in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from gapless.audit.random_search import LEVEL, SAME


@dataclass(frozen=True)
class Verdict:
    """A comparison of two sets of test accuracies.

    Args:
        p: one-sided p-value that the found architecture is better than one drawn at random: its mean's rank
            among them, itself counted (Phipson & Smyth 2010). Trainings of one architecture are not draws of
            architectures, so they are one value here.
        sentence: what that means, for a person.
    """

    p: float
    sentence: str


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation (0 of a single value)."""
    return fmean(values), stdev(values) if len(values) > 1 else 0.0


def verdict(found: Sequence[float], random: Sequence[float]) -> Verdict:
    """Compares test accuracies of the found architecture (one a seed) with random ones (one each)."""
    mean, n, best = fmean(found), len(random), max(random)
    p = (1 + sum(value >= mean - SAME for value in random)) / (n + 1)
    gain = mean - fmean(random)
    size = f"{abs(100 * gain):.1f}"
    where = "level with" if size == "0.0" else f"{size} points {'above' if gain > 0 else 'below'}"
    if n == 1:
        side = f"{where} the one random architecture ({100 * best:.1f} %)"
    else:
        ahead = sum(value > mean + SAME for value in random)
        rank = f"{ahead} of them {'is' if ahead == 1 else 'are'} better"
        side = f"{where} the mean of {n} random architectures (best {100 * best:.1f} %); {rank}"
    if p < LEVEL:
        end = f"the search is better than drawing at random here (p = {p:.3f})"
    elif gain < -SAME:
        end = f"the search is not better than drawing at random here (p = {p:.2f})"
    elif 1 / (n + 1) < LEVEL:
        end = f"it cannot be told from drawing at random here (p = {p:.2f})"
    else:
        end = f"so few trainings cannot tell it from drawing at random (p = {p:.2f})"
    return Verdict(p, f"{side}; {end}.")
