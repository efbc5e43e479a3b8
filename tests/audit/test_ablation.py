"""The table of an ablation against SciPy's own interval, and what is missing is missing."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gapless.audit.ablation import BASE, COLUMNS, lines, mean, table

steady = settings(deadline=None, derandomize=True, max_examples=60)
accuracies = st.lists(st.floats(0, 1, allow_subnormal=False), min_size=2, max_size=8)


def search(variant: str, seed: int, value: float, skips: int = 0) -> dict[str, Any]:
    rungs = {"a0": value, "a1": value / 2, "a2": value / 4, "drop": value / 2}
    return {"variant": variant, "seed": seed, **rungs, "skips": skips}


@given(accuracies)
@steady
def test_the_interval_is_student_s(values: list[float]) -> None:
    found, n = mean(values), len(values)
    error = float(np.std(values, ddof=1)) / math.sqrt(n)
    if error < 1e-12:
        assert found["high"] - found["low"] < 1e-10
        return
    low, high = stats.t.interval(0.95, n - 1, loc=np.mean(values), scale=error)
    assert found["mean"] == pytest.approx(np.mean(values), abs=1e-12)
    assert (found["low"], found["high"]) == pytest.approx((low, high), rel=1e-9, abs=1e-12)
    assert found["n"] == n


def test_one_value_has_no_interval() -> None:
    assert mean([0.5]) == {"mean": 0.5, "low": None, "high": None, "n": 1}


@given(accuracies, accuracies)
@steady
def test_differences_are_seed_by_seed(base: list[float], other: list[float]) -> None:
    searches = [search(BASE, seed, value) for seed, value in enumerate(base)]
    searches += [search("relax=other", seed, value, skips=seed) for seed, value in enumerate(other)]
    first, second = table(searches)
    common = min(len(base), len(other))
    assert (first["variant"], second["variant"]) == (BASE, "relax=other")
    assert second["seeds"] == list(range(len(other)))
    assert "difference" not in first
    expected = mean([other[i] - base[i] for i in range(common)])
    assert second["difference"]["a0"] == pytest.approx(expected, abs=1e-12)
    assert second["skips"]["mean"] == pytest.approx((len(other) - 1) / 2)
    json.loads(json.dumps([first, second]), parse_constant=pytest.fail)


def test_no_common_seed_no_difference() -> None:
    _, row = table([search(BASE, 0, 0.5), search("all", 1, 0.5)])
    assert "difference" not in row
    assert table([]) == []


def test_lines() -> None:
    searches = [search(BASE, 0, 0.5, 2), search(BASE, 1, 0.7, 4), search("all", 0, 0.8, 1)]
    title, first, second = lines(table(searches))
    assert title.split("  ")[0] == "variant"
    reach = stats.t.ppf(0.975, 1) * np.std([0.5, 0.7], ddof=1) / math.sqrt(2)
    assert f"60.0 +- {100 * reach:.1f}" in first
    assert "3.0 +- " in first
    assert first.endswith("3.0 +- 12.7")
    assert second.split()[:4] == ["all", "1", "80.0", "40.0"]
    assert second.split()[-1] == "7.5", "a2 of 20.0 beside the base's 12.5 of the same seed"
    assert len(title.split("  ")) >= len(COLUMNS)
