"""Random search at equal cost: exact by enumeration, and valid p-values."""

from __future__ import annotations

from itertools import combinations, permutations
from statistics import fmean

import numpy as np
import pytest

from gapless.audit.random_search import judged, luck, outcome

TRAINED = [(0.7, 0.72), (0.9, 0.85), (0.8, 0.9), (0.6, 0.5), (0.85, 0.8)]


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_exact_by_enumeration(k):
    kept = [max(some)[1] for some in combinations(TRAINED, k)]
    found = outcome(TRAINED, k)
    assert found.expected == pytest.approx(fmean(kept))


@pytest.mark.parametrize(("n", "k", "better"), [(3, 1, 0), (4, 2, 1), (3, 3, 2), (5, 1, 5)])
def test_luck_by_enumeration(n, k, better):
    """Of all orders of n + k draws, those in which so few or fewer of the n are above the best of the k."""
    above = [
        sum(rank > max(order[n:]) for rank in order[:n]) for order in permutations(range(n + k))
    ]  # fmt: skip
    tests = [1.0] * better + [0.0] * (n - better)
    assert luck(0.5, tests, k) == pytest.approx(np.mean([count <= better for count in above]))


def test_equal_cost_counts_the_training_of_what_was_found():
    found = judged([0.95], TRAINED, search_seconds=25.0, each=10.0)
    assert found.k == 3
    assert found.p == pytest.approx(3 / 8)
    assert "better than random search at equal cost (the best of 3" in found.sentence
    assert "so few trainings cannot tell it from luck (p = 0.38, at best 0.38)" in found.sentence


def test_too_few_random_architectures_are_said():
    found = judged([0.5], TRAINED, search_seconds=100.0, each=1.0)
    assert found.k == 101
    assert "5 of the 101 trainings" in found.sentence
    assert found.p == 1.0
    assert found.sentence.endswith("pay for; nothing shows that it is better (p = 1.00).")
    assert judged([0.5], [], 1.0, 1.0) is None


@pytest.mark.parametrize(("k", "n"), [(1, 40), (2, 60), (3, 80)])
def test_a_random_search_is_called_better_in_one_of_twenty(k, n):
    """p is uniform at most: 2,000 searches that keep the best of k on test, 5 % and six standard errors."""
    rng = np.random.default_rng(0)
    ps = []
    for _ in range(2000):
        mine, test = rng.normal(size=k).max(), rng.normal(size=n)
        ps.append(judged([mine], [(t, t) for t in test], float(k - 1), 1.0).p)
    claimed = np.mean(np.array(ps) < 0.05)
    assert claimed < 0.05 + 6 * (0.05 * 0.95 / 2000) ** 0.5
    assert claimed > 0.01


def test_a_lead_of_rounding_is_none():
    found = judged([0.1 + 0.2], [(0.3, 0.3)] * 40, 0.0, 1.0)
    assert found.sentence.startswith("the search is as good as random search at equal cost")
    assert "luck" not in found.sentence
    assert found.p == 1
