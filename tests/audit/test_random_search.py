"""Random search at equal cost: exact by enumeration, and valid p-values."""

from __future__ import annotations

from itertools import combinations
from statistics import fmean

import numpy as np
import pytest

from gapless.audit.random_search import judged, outcome

TRAINED = [(0.7, 0.72), (0.9, 0.85), (0.8, 0.9), (0.6, 0.5), (0.85, 0.8)]


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_exact_by_enumeration(k):
    kept = [max(some)[1] for some in combinations(TRAINED, k)]
    found = outcome(TRAINED, k)
    assert found.expected == pytest.approx(fmean(kept))
    for accuracy in (0.4, 0.8, 0.85, 0.95):
        assert found.at_least(accuracy) == pytest.approx(np.mean(np.array(kept) >= accuracy))


def test_equal_cost_counts_the_training_of_what_was_found():
    found = judged([0.95], TRAINED, search_seconds=25.0, each=10.0)
    assert found.k == 3
    assert found.p == pytest.approx(1 / 6)
    assert "better than random search at equal cost (the best of 3" in found.sentence
    assert "may be luck" in found.sentence


def test_too_few_random_architectures_are_said():
    found = judged([0.5], TRAINED, search_seconds=100.0, each=1.0)
    assert found.k == 101
    assert "5 of the 101 trainings" in found.sentence
    assert found.p == 1.0
    assert judged([0.5], [], 1.0, 1.0) is None


def test_a_search_that_draws_at_random_is_called_better_in_one_of_twenty():
    """p is uniform at most: 2,000 null searches, 5 % and six standard errors."""
    rng = np.random.default_rng(0)
    ps = []
    for _ in range(2000):
        test = rng.normal(size=41)
        ps.append(judged([test[0]], [(0.0, t) for t in test[1:]], 0.0, 1.0).p)
    assert np.mean(np.array(ps) < 0.05) < 0.05 + 6 * (0.05 * 0.95 / 2000) ** 0.5
