"""What is read of findings: every measure from where findings hold it, nothing from what they do not."""

from __future__ import annotations

import math

import pytest

from gapless.audit.measures import MEASURES, at, numbers

FINDINGS = {
    "accuracy": {"test": {"mean": 0.91}},
    "chain": [{"name": f"a{i}", "accuracy": 0.5 + i / 10} for i in range(5)],
    "gap": [
        {"term": "discretization", "size": 0.11}, {"term": "BatchNorm recalibration", "size": 0.12},
        {"term": "weight sharing", "size": 0.13}, {"term": "deployment", "size": 0.14},
    ],
    "baseline": {"mean": 0.9}, "verdict": {"gain": -0.02},
    "audit": {
        "mathematical": {"convergence": {"reached": True}, "reference": {"residual": 0.1}, "rules": [
            {"rule": "amended", "converged": {"error": 9.0}}, {"rule": "own", "converged": {"error": 0.3}},
        ]},
        "suboptima": {"gain": 0.04}, "free": {"share": 0.25},
        "ranking": {"recalibrated": {"tau": {"value": 0.6}}, "kept": {"tau": {"value": 0.2}}},
        "deployment": {"tau": {"value": 0.7}}, "noise": {"flips": {"value": 0.15}},
        "landscape": {"autocorrelation": [0.8, 0.5]},
    },
    "cost": {
        "search_seconds": 10, "retrain_seconds": 20.0, "baseline_seconds": 30.0, "params": 1000, "macs": 2000,
        "peak_mb": 900.0,
    },
}  # fmt: skip


def test_every_measure_is_found() -> None:
    assert numbers(FINDINGS) == {
        "test": 0.91, "a0": 0.5, "a1": 0.6, "a2": 0.7, "a3": 0.8, "a4": 0.9,
        "above random": pytest.approx(0.01), "above random search": -0.02, "discretization": 0.11,
        "BatchNorm recalibration": 0.12, "weight sharing": 0.13, "deployment": 0.14, "mathematical": 0.3,
        "sub-optima": 0.04, "free": 0.25, "tau": 0.6, "tau kept": 0.2, "tau deployed": 0.7, "noise": 0.15,
        "smoothness": 0.8, "search time": 10, "training time": 20, "baseline time": 30, "params": 1000,
        "macs": 2000, "memory": 900,
    }  # fmt: skip
    assert list(numbers(FINDINGS)) == [measure.name for measure in MEASURES]


@pytest.mark.parametrize("value", [None, math.nan, math.inf, "0.9", True, {}, [0.9]])
def test_what_is_no_number_is_not_measured(value: object) -> None:
    found = {"accuracy": {"test": {"mean": value}}, "baseline": {"mean": 0.5}, "chain": value, "audit": value}
    assert not {"test", "a0", "tau"} & set(numbers(found))
    assert numbers({"cost": value, "gap": [value]}) == {}


def test_paths() -> None:
    assert at("a", 1, "b")({"a": [0, {"b": 3}]}) == 3
    for found in ({}, {"a": []}, {"a": {"1": 2}}, None, [1]):
        assert at("a", 1)(found) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reached", "residual"), [(False, 0.01), (True, 0.11), (True, None), (True, math.nan), (None, 0.0)]
)
def test_an_error_without_a_yardstick_is_no_number(reached: object, residual: object) -> None:
    there = FINDINGS["audit"]["mathematical"]  # type: ignore[index]
    cut = {**there, "convergence": {"reached": reached}, "reference": {"residual": residual}}
    assert "mathematical" in numbers({"audit": {"mathematical": there}})
    assert "mathematical" not in numbers({"audit": {"mathematical": cut}})
