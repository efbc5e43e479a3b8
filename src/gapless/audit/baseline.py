"""Is it any good: the found architecture beside random ones that were trained in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev


@dataclass(frozen=True)
class Verdict:
    """A comparison of two sets of test accuracies.

    Args:
        p: one-sided exact p-value of the Mann-Whitney test that the found one is better.
        sentence: what that means, for a person.
    """

    p: float
    sentence: str


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation (0 of a single value)."""
    return fmean(values), stdev(values) if len(values) > 1 else 0.0


def verdict(found: Sequence[float], random: Sequence[float]) -> Verdict:
    """Compares test accuracies of the found architecture (one a seed) with random ones (one each)."""
    from scipy.stats import mannwhitneyu  # type: ignore[attr-defined]

    p = float(mannwhitneyu(found, random, alternative="greater").pvalue) if len(found) * len(random) else 1.0
    gain = 100 * (fmean(found) - fmean(random))
    best = max(random)
    where = "above" if gain >= 0 else "below"
    ahead = sum(value > fmean(found) for value in random)
    if len(random) == 1:
        side = f"{abs(gain):.1f} points {where} the one random architecture ({100 * best:.1f} %)"
    else:
        mean = f"the mean of {len(random)} random architectures (best {100 * best:.1f} %)"
        rank = f"{ahead} of them {'is' if ahead == 1 else 'are'} better"
        side = f"{abs(gain):.1f} points {where} {mean}; {rank}"
    if p < 0.05:
        end = f"the search is better than drawing at random here (p = {p:.3f})"
    elif gain < 0:
        end = f"the search is not better than drawing at random here (p = {p:.2f})"
    else:
        end = f"so few trainings cannot tell it from drawing at random (p = {p:.2f})"
    return Verdict(p, f"{side}; {end}.")
