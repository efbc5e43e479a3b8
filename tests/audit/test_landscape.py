"""Smoothness on walks whose autocorrelation is known, and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gapless.audit.landscape import autocorrelation, by_distance, landscape, length, local_optima


def walks(rho, n=40, steps=500, seed=0):
    """Stationary walks x' = rho x + sqrt(1 - rho^2) e: the autocorrelation at lag k is rho^k."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    found = [x]
    for _ in range(steps):
        x = rho * x + math.sqrt(1 - rho * rho) * rng.normal(size=n)
        found.append(x)
    return np.array(found).T.tolist()


@pytest.mark.parametrize("rho", [0.9, 0.5])
def test_known_autocorrelation(rho):
    """20,000 steps: six standard errors are below 0.06."""
    there = walks(rho)
    for lag in (1, 2, 4):
        assert autocorrelation(there, lag) == pytest.approx(rho**lag, abs=0.06)
    assert length(there) == pytest.approx(-1 / math.log(rho), rel=0.15)


def test_what_cannot_be_told():
    assert autocorrelation([[1.0, 1.0]], 1) is None
    assert autocorrelation([[1.0]], 1) is None
    assert length([[1.0, -1.0, 1.0, -1.0]]) == 0.0


def test_distance_by_hand():
    codes = [[1, 0, 1, 0], [0, 1, 1, 0], [0, 1, 0, 1]]
    assert by_distance(codes, [0.0, 1.0, 3.0]) == [
        {"edits": 1, "pairs": 2, "difference": 1.5},
        {"edits": 2, "pairs": 1, "difference": 3.0},
    ]


def test_local_optima_by_hand():
    assert local_optima([(3.0, [1.0, 2.0]), (1.0, [2.0]), (2.0, [2.0]), (0.0, [5.0])]) == 0.5
    assert local_optima([]) is None


def test_one_plain_value():
    found = landscape(
        [[0.0, 1.0, 0.0]], [[1, 0], [0, 1]], [0.0, 1.0], [(1.0, [0.0])], {"a to b": [1.0, -1.0]}
    )
    assert found["edit"] == 1.0
    assert found["local optima"] == 1.0
    assert found["edits"] == [{"edit": "a to b", "change": 0.0, "n": 2}]
