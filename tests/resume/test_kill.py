"""A run killed at random instants and resumed ends bitwise equal to one that was not."""

import json
import multiprocessing
import os
import random
import signal
import time

import pytest
from safetensors.torch import load_file

from gapless import methods
from gapless.engine.checkpoint import Checkpoints

from .victim import work

KILLS = 10
UNEQUAL = ("seconds", "peak_mb", "latency_ms", "bytes")


def timeless(value):
    """A stored result without what clocks and the machine decide."""
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if k not in UNEQUAL}
    return [timeless(v) for v in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def processes():
    """Processes that start from one which has imported everything: a start costs little."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.resume.victim", "gapless.report", "gapless.export.onnx"])
    return context


def started(processes, *arguments):
    process = processes.Process(target=work, args=arguments)
    process.start()
    return process


def begun(folder, process):
    """Waits until the process holds its folder, or a moment at most."""
    for _ in range(200):
        if (folder / "run.json").exists() or process.exitcode is not None:
            return
        time.sleep(0.02)


def finished(processes, method, folder, resume):
    process = started(processes, method, folder, resume)
    process.join()
    assert process.exitcode == 0


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("method", methods.names())
def test_killed_and_resumed_is_bitwise_equal(method, processes, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    began = time.perf_counter()
    finished(processes, method, str(whole), False)
    work_seconds = time.perf_counter() - began
    rng, resume = random.Random(method), False
    for kill in range(KILLS):
        process = started(processes, method, str(killed), resume)
        begun(killed, process)
        process.join(rng.uniform(0.0, 0.16) * work_seconds)
        assert process.exitcode is None, f"done before kill {kill + 1}"
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        assert process.exitcode == -signal.SIGKILL
        resume = (killed / "run.json").exists()
    finished(processes, method, str(killed), resume)
    for name in ("trace.csv", "alpha.csv", "architecture.json"):
        assert (whole / name).read_bytes() == (killed / name).read_bytes(), name
    first, second = (Checkpoints(place / "checkpoint" / "search").latest() for place in (whole, killed))
    assert first.tensors.keys() == second.tensors.keys()
    for name, tensor in first.tensors.items():
        assert tensor.equal(second.tensors[name]), name
    results = [timeless(json.loads((place / "measured.json").read_text())) for place in (whole, killed)]
    assert results[0] == results[1]
    networks = sorted(p.name for p in (whole / "networks").iterdir())
    assert networks == sorted(p.name for p in (killed / "networks").iterdir() if not p.name.startswith("."))
    for name in networks:
        pair = [load_file(place / "networks" / name) for place in (whole, killed)]
        assert all(value.equal(pair[1][key]) for key, value in pair[0].items()), name
