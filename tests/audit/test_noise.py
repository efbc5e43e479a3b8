"""Spread and flips on synthetic trainings whose spread and flips are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gapless.audit.noise import flipped, noise, seeds_needed, spread


def trainings(archs, seeds, between, within, seed):
    rng = np.random.default_rng(seed)
    means = 0.9 + between * rng.normal(size=(archs, 1))
    return (means + within * rng.normal(size=(archs, seeds))).tolist()


def test_components_by_hand():
    found = spread([[1.0, 3.0], [5.0, 7.0]])
    assert found.seeds == pytest.approx(math.sqrt(2))
    assert found.archs == pytest.approx(math.sqrt((16 - 2) / 2))


@pytest.mark.parametrize(("between", "within"), [(0.02, 0.01), (0.01, 0.01), (0.005, 0.02)])
def test_known_spread_and_flips_are_found(between, within):
    """2,000 architectures: the standard error of the flips is below 0.005, so 0.03 is six of them."""
    scores = trainings(2000, 3, between, within, seed=0)
    found = spread(scores)
    assert found.seeds == pytest.approx(within, rel=0.05)
    assert found.archs == pytest.approx(between, rel=0.15)
    known = math.atan(within / between) / math.pi
    assert found.flips == pytest.approx(known, abs=0.03)
    rng = np.random.default_rng(1)
    truth, first, second = between * rng.normal(size=(2, 100_000)), *(within * rng.normal(size=(2, 100_000)))
    wrong = np.mean((truth[0] - truth[1]) * (truth[0] - truth[1] + first - second) < 0)
    assert wrong == pytest.approx(known, abs=0.01)


def test_flips_of_no_noise_and_of_nothing_but_noise():
    assert spread([[1.0, 1.0], [2.0, 2.0]]).flips == 0
    assert spread([[1.0, 2.0], [2.0, 1.0]]).flips == 0.5
    assert spread([[1.0, 1.0], [1.0, 1.0]]).flips == 0.5
    assert flipped([[1.0, 1.1], [2.0, 2.1], [3.0]]) == 0
    assert flipped([[1.0], [2.0, 3.0]]) is None
    noisy = flipped(trainings(40, 2, 0.0, 0.1, seed=2))
    assert noisy == pytest.approx(0.5, abs=0.15)


def test_seeds_for_a_claim():
    """With so many seeds a t-test sees it four times in five; 1,000 trials, six standard errors."""
    from scipy import stats

    n = seeds_needed(0.01, 0.02)
    assert n == 64
    rng = np.random.default_rng(0)
    a, b = 0.01 + 0.02 * rng.normal(size=(1000, n)), 0.02 * rng.normal(size=(1000, n))
    seen = np.mean(stats.ttest_ind(a, b, axis=1).pvalue < 0.05)
    assert seen == pytest.approx(0.8, abs=0.08)
    assert seeds_needed(0.0, 0.1) is None
    assert seeds_needed(0.1 + 0.2 - 0.3, 0.1) is None
    assert seeds_needed(1.0, 0.01) == 4
    assert seeds_needed(1.0, 0.01, paired=True) == 6
    assert seeds_needed(1.0, 0.01, paired=True, level=0.05 / 3) == 7


@pytest.mark.parametrize("difference", [0.01, 0.02])
def test_few_seeds_have_the_power_that_is_said(difference):
    """Where a t-test needs a handful; 2,000 trials, six standard errors below 0.8."""
    from scipy import stats

    rng = np.random.default_rng(0)
    for paired in (False, True):
        n = seeds_needed(difference, 0.01, paired)
        a, b = difference + 0.01 * rng.normal(size=(2000, n)), 0.01 * rng.normal(size=(2000, n))
        test = stats.ttest_rel if paired else stats.ttest_ind
        assert np.mean(test(a, b, axis=1).pvalue < 0.05) > 0.8 - 6 * (0.16 / 2000) ** 0.5


@pytest.mark.parametrize("sizes", [(2,) * 8, (2, 2, 2, 2, 1, 1, 1, 1), (3, 3, 3)])
@pytest.mark.parametrize(("between", "within"), [(0.02, 0.01), (0.01, 0.01), (0.003, 0.01)])
def test_intervals_cover_what_is_known(sizes, between, within):
    """1,000 audits of a few architectures: 95 % less six standard errors, 90.8 %."""
    rng, covered = np.random.default_rng(4), np.zeros(3)
    known = {"seeds": within, "archs": between, "flips": math.atan(within / between) / math.pi}
    for _ in range(1000):
        groups = [0.9 + between * rng.normal() + within * rng.normal(size=size) for size in sizes]
        ends = spread([group.tolist() for group in groups]).intervals()
        covered += [ends[name][0] <= value <= ends[name][1] for name, value in known.items()]
    assert (covered / 1000 > 0.908).all(), covered / 1000


def test_intervals_by_hand():
    """Mean squares 16 and 2 with 1 and 2 degrees of freedom; quantiles from tables."""
    ends = spread([[1.0, 3.0], [5.0, 7.0]]).intervals()
    assert ends["seeds"] == pytest.approx((math.sqrt(4 / 7.3778), math.sqrt(4 / 0.050636)), rel=1e-4)
    assert ends["archs"][0] == 0
    assert ends["flips"][1] == 0.5
    assert set(spread([[1.0, 1.0], [2.0, 2.0]]).intervals().values()) == {None}


def test_noise_is_one_plain_value():
    scores = {str(i): group for i, group in enumerate(trainings(20, 2, 0.02, 0.01, seed=3))}
    found = noise(scores)
    assert found["archs"] == 20
    assert found["trainings"] == 40
    assert found["flips"]["low"] < found["flips"]["value"] < found["flips"]["high"]
    assert found == noise(scores)


@pytest.mark.parametrize("scores", [{}, {"a": [0.5]}, {"a": [0.5, 0.6]}, {"a": [0.5], "b": [0.6]}])
def test_too_little_says_what_is_missing(scores):
    assert "two seeds" in noise(scores)["missing"]
