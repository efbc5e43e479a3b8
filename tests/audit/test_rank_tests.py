"""Exact p-values against enumeration, scipy and their own meaning."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.oracles import rank_tests as oracle

from gapless.audit.rank_tests import holm, rank_sum, signed_rank

counts = st.integers(-6, 6).map(lambda n: Fraction(n, 360))
steady = settings(max_examples=60, deadline=None)


@given(st.lists(counts, max_size=8))
@steady
def test_signed_ranks_are_enumerated(differences: list[Fraction]) -> None:
    assert signed_rank([float(d) for d in differences]) == pytest.approx(
        float(oracle.signed_rank(differences)), abs=1e-12
    )


@given(st.lists(counts, min_size=1, max_size=4), st.lists(counts, min_size=1, max_size=4))
@steady
def test_rank_sums_are_enumerated(a: list[Fraction], b: list[Fraction]) -> None:
    found = rank_sum([float(v) for v in a], [float(v) for v in b])
    assert found == pytest.approx(float(oracle.rank_sum(a, b)), abs=1e-12)
    assert found == pytest.approx(rank_sum([float(v) for v in b], [float(v) for v in a]), abs=1e-12)


def test_without_ties_they_are_scipys() -> None:
    rng = np.random.default_rng(0)
    for n in (3, 9, 30):
        a, b = rng.normal(size=n), 0.4 + rng.normal(size=n + 2)
        steps = b[:n] - a
        assert signed_rank(steps) == pytest.approx(stats.wilcoxon(steps, method="exact").pvalue, abs=1e-10)
        expected = stats.mannwhitneyu(a, b, method="exact").pvalue
        assert rank_sum(a, b) == pytest.approx(expected, abs=1e-10)


def test_few_seeds_cannot_claim() -> None:
    assert signed_rank([0.1, 0.2, 0.3]) == 0.25
    assert rank_sum([0.1, 0.2, 0.3], [0.7, 0.8, 0.9]) == pytest.approx(0.1)
    assert signed_rank([0.0, 0.0]) == signed_rank([]) == rank_sum([], [0.5]) == 1
    assert signed_rank([0.1 + 0.2 - 0.3, 0.0]) == 1, "a rounding error is no difference"


def test_a_null_p_is_uniform() -> None:
    """P(p <= x) <= x for the exact p of 7 pairs with ties, and is not far below it; 2,000 trials."""
    rng = np.random.default_rng(1)
    found = np.array([signed_rank(rng.integers(-40, 41, size=7) / 360) for _ in range(2000)])
    for level in (0.1, 0.3, 0.5, 0.8):
        share = np.mean(found <= level)
        assert level - 0.09 < share < level + 0.04


@given(st.lists(st.floats(0, 1), max_size=8))
@steady
def test_holm(values: list[float]) -> None:
    found = holm(values)
    assert found == pytest.approx(oracle.holm(values), abs=1e-12)
    assert all(one >= p for one, p in zip(found, values, strict=True))
