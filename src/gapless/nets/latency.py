"""Latency: how long one call takes on this machine, alternatives measured in turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from gapless.core.errors import BadValue

LEAST = 5


@dataclass(frozen=True)
class Latency:
    """Time of one call.

    Args:
        median_ms: the middle of all calls, in ms.
        low_ms: the fastest tenth of the calls took at most this, in ms.
        high_ms: nine tenths of the calls took at most this, in ms.
        n: calls that were timed.
        threads: of the processor, for one operation.
        device: where the calls ran, e.g. ``cpu``.
    """

    median_ms: float
    low_ms: float
    high_ms: float
    n: int
    threads: int
    device: str = "cpu"

    def to_json(self) -> dict[str, Any]:
        """A JSON value: ``median``, ``low`` and ``high`` in ms, ``n``, ``threads``, ``device``."""
        return {
            "median": self.median_ms, "low": self.low_ms, "high": self.high_ms,
            "n": self.n, "threads": self.threads, "device": self.device,
        }  # fmt: skip


def measure(
    call: Callable[[], object],
    *,
    seconds: float = 0.5,
    warmup: int = 3,
    device: torch.device | str = "cpu",
) -> Latency:
    """`interleaved` for one call."""
    return interleaved({"": call}, seconds=seconds, warmup=warmup, device=device)[""]


def interleaved(
    calls: Mapping[str, Callable[[], object]],
    *,
    seconds: float = 0.5,
    warmup: int = 3,
    device: torch.device | str = "cpu",
) -> dict[str, Latency]:
    """Times each call once a round, so that whatever else the machine does meets all of them alike.

    Every second round goes backwards: none always runs after the same other one.

    Args:
        calls: name to what is timed.
        seconds: of timing for each call on average; at least 5 rounds are made whatever they take.
        warmup: rounds that are not timed.
        device: where the calls compute; work queued on a GPU is waited for.

    Raises:
        BadValue: no calls, a time that is not above 0, or a negative number of warm-up rounds.
    """
    if not calls or not seconds > 0 or warmup < 0:
        raise BadValue(
            expected="at least 1 call, seconds > 0 and warmup >= 0",
            got=f"{len(calls)} calls, {seconds=}, {warmup=}",
            do="give something to time and a time for it",
        )
    device = torch.device(device)
    for _ in range(warmup):
        for call in calls.values():
            _timed(call, device)
    times: dict[str, list[float]] = {name: [] for name in calls}
    order, spent, rounds = list(calls), 0.0, 0
    while rounds < LEAST or spent < seconds * len(calls):
        for name in order:
            took = _timed(calls[name], device)
            times[name].append(1e3 * took)
            spent += took
        order.reverse()
        rounds += 1
    return {name: _summary(found, device) for name, found in times.items()}


def _timed(call: Callable[[], object], device: torch.device) -> float:
    start = time.perf_counter()
    call()
    waited(device)
    return time.perf_counter() - start


def waited(device: torch.device) -> None:
    """Returns once all work that is queued on a device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _summary(times: list[float], device: torch.device) -> Latency:
    deciles = statistics.quantiles(times, n=10, method="inclusive")
    return Latency(
        statistics.median(times), deciles[0], deciles[-1], len(times), torch.get_num_threads(), str(device)
    )
