"""Latency: in turns, with the numbers that belong together."""

from __future__ import annotations

import time

import pytest
import torch

from gapless.core.errors import BadValue
from gapless.nets.latency import interleaved, measure


def test_alternatives_take_turns_in_changing_order():
    ran: list[str] = []
    found = interleaved({name: lambda name=name: ran.append(name) for name in "ab"}, seconds=1e-9, warmup=2)
    assert "".join(ran) == "abab" + "abbaabbaab"
    assert {name: latency.n for name, latency in found.items()} == {"a": 5, "b": 5}


def test_slower_takes_longer():
    found = interleaved({"fast": lambda: time.sleep(1e-3), "slow": lambda: time.sleep(8e-3)}, seconds=0.05)
    assert 1 <= found["fast"].low_ms <= found["fast"].median_ms <= found["fast"].high_ms
    assert found["slow"].low_ms >= 8
    assert found["fast"].median_ms < found["slow"].median_ms
    assert found["fast"].n == found["slow"].n >= 5


def test_deciles_ignore_a_hiccup():
    waits = iter([0.0] * 10 + [0.03] + [0.0] * 10**6)
    found = measure(lambda: time.sleep(next(waits)), seconds=0.06, warmup=0)
    assert found.n > 20
    assert found.high_ms < 30


def test_conditions_are_recorded():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        found = measure(lambda: None, seconds=1e-6)
    finally:
        torch.set_num_threads(before)
    assert (found.threads, found.device) == (2, "cpu")
    assert found.to_json() == {
        "median": found.median_ms, "low": found.low_ms, "high": found.high_ms,
        "n": found.n, "threads": 2, "device": "cpu",
    }  # fmt: skip


@pytest.mark.parametrize("given", [{"seconds": 0}, {"seconds": float("nan")}, {"warmup": -1}])
def test_refused(given):
    with pytest.raises(BadValue):
        measure(lambda: None, **given)
    with pytest.raises(BadValue):
        interleaved({})


def test_errors_of_a_call_come_through():
    with pytest.raises(ZeroDivisionError):
        measure(lambda: 1 / 0)
