"""Rank statistics against scipy, by hand, and on synthetic scores whose tau is known."""

from __future__ import annotations

import math
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gapless.audit.ranking import (
    DEALS,
    agreement,
    chance,
    partial_tau,
    precision,
    regret,
    spearman,
    tau,
    top_tau,
)
from gapless.audit.resampling import estimate

PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=30)


@given(PAIRS)
def test_as_scipy_has_them(pairs):
    a, b = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    if len(set(a)) == 1 or len(set(b)) == 1:
        return
    assert tau(a, b) == pytest.approx(stats.kendalltau(a, b).statistic, abs=1e-12)
    assert spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-12)


def test_partial_tau_by_hand():
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(3, 12))

    def plain(x, y):
        signs = [np.sign((x[i] - x[j]) * (y[i] - y[j])) for i, j in combinations(range(12), 2)]
        return float(np.mean(signs))

    ab, ac, bc = plain(a, b), plain(a, c), plain(b, c)
    assert partial_tau(a, b, c) == pytest.approx((ab - ac * bc) / math.sqrt((1 - ac**2) * (1 - bc**2)))


def test_two_that_only_share_their_cost_have_little_partial_tau():
    rng = np.random.default_rng(1)
    cost = rng.normal(size=400)
    a, b = cost + 0.3 * rng.normal(size=400), cost + 0.3 * rng.normal(size=400)
    assert tau(a, b) > 0.6
    assert abs(partial_tau(a, b, cost)) < 0.25
    assert math.isnan(partial_tau(a, cost, cost))


def test_regret_and_precision_by_hand():
    scores, truths = np.array([5.0, 4, 3, 2, 1]), np.array([0.1, 0.5, 0.2, 0.9, 0.3])
    assert [regret(scores, truths, k) for k in (1, 2, 4)] == pytest.approx([0.8, 0.4, 0.0])
    assert [precision(scores, truths, k) for k in (1, 2, 5)] == [0.0, 0.5, 1.0]
    assert top_tau(scores, truths, 0.4) == tau(scores[[3, 1]], truths[[3, 1]])


@pytest.mark.parametrize("known", [0.0, 0.3, 0.7])
def test_the_known_tau_is_found_and_covered(known):
    """Of a normal pair with correlation r tau is 2 / pi arcsin(r); the interval covers it 19 times in 20.

    60 trials: fewer than 48 covered has a probability below 1e-6 at 95 %, and below 1e-3 at 91 %.
    """
    r, rng, covered, values = math.sin(known * math.pi / 2), np.random.default_rng(2), 0, []
    for trial in range(60):
        a, noise = rng.normal(size=(2, 60))
        found = estimate(tau, [a, r * a + math.sqrt(1 - r * r) * noise], seed=trial, resamples=200)
        covered += found.low <= known <= found.high
        values.append(found.value)
    assert covered >= 48
    assert np.mean(values) == pytest.approx(known, abs=0.06)


def test_agreement_is_one_plain_value():
    rng = np.random.default_rng(3)
    truths = rng.normal(size=40)
    costs = {"macs": list(rng.normal(size=40)), "params": list(rng.normal(size=40))}
    found = agreement(list(truths + rng.normal(size=40)), list(truths), costs)
    assert found["n"] == 40
    assert found["tau"]["low"] < found["tau"]["value"] < found["tau"]["high"]
    assert set(found["partial"]) == {"macs", "params", "macs and params"}
    assert set(found["regret"]) == {"1", "5", "10"}


def test_too_few_say_so():
    found = agreement([1.0, 2.0], [2.0, 1.0])
    assert found["tau"] == {"value": -1.0, "low": None, "high": None, "n": 2}
    assert agreement([1.0], [1.0])["tau"]["value"] is None
    assert agreement([1.0, 1.0, 1.0], [1.0, 2.0, 3.0])["tau"]["value"] is None


@settings(derandomize=True, deadline=None, max_examples=20)
@given(st.permutations(list(range(6))))
def test_chance_is_exact_without_ties(order):
    scores, truths = np.array(order, dtype=float), np.arange(6.0)
    expected = stats.kendalltau(scores, truths, method="exact").pvalue
    assert chance(scores, truths) == pytest.approx(expected, abs=1e-12)


def test_chance_of_many_is_drawn_and_a_constant_has_none():
    truths = np.arange(9.0)
    assert chance(np.arange(12.0), np.arange(12.0)) == 1 / (1 + DEALS)
    drawn = chance(np.array([1.0, 0, 2, 5, 3, 4, 8, 6, 7]), truths)
    assert 1 / (1 + DEALS) <= drawn < 0.02
    assert chance(-np.arange(12.0), np.arange(12.0)) == 1 / (1 + DEALS)
    assert 0.8 < chance(np.array([4.0, 8, 0, 6, 2, 5, 1, 7, 3]), truths) <= 1
    assert chance(np.zeros(4), np.arange(4.0)) is None
    assert chance(np.zeros(1), np.zeros(1)) is None


def test_ties_in_chance_count_as_large():
    scores, truths = np.array([0.0, 0, 1]), np.array([0.0, 1, 2])
    assert chance(scores, truths) == pytest.approx(4 / 6, abs=1e-12)


def test_equal_scores_are_taken_in_every_order():
    scores, truths = np.array([2.0, 1, 1, 1, 0]), np.array([0.1, 0.5, 0.2, 0.9, 1.0])
    for k in (1, 2, 3, 4):
        orders = [[0, *order, 4][:k] for order in permutations((1, 2, 3))]
        lost = np.mean([1.0 - truths[order].max() for order in orders])
        shared = np.mean([len(set(order) & set(np.argsort(-truths)[:k].tolist())) / k for order in orders])
        assert regret(scores, truths, k) == pytest.approx(lost)
        assert precision(scores, truths, k) == pytest.approx(shared)
    assert precision(np.zeros(5), truths, 2) == pytest.approx(2 / 5)
    assert agreement(np.zeros(5).tolist(), truths.tolist())["regret"] == {}


def test_a_cost_that_says_nothing_more_takes_nothing_out():
    a, b, c = np.random.default_rng(3).normal(size=(3, 12))
    assert partial_tau(a, b, np.ones(12)) == tau(a, b)
    assert partial_tau(a, b, c, 2 * c) == partial_tau(a, b, c)
    assert partial_tau(a, b, np.ones(12), c) == partial_tau(a, b, c)
