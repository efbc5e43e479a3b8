"""A run killed at random instants and resumed ends bitwise equal to one that was not."""

import json
import multiprocessing
import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file

from gapless import methods
from gapless.engine.checkpoint import Checkpoints
from gapless.job.work import processors

from .victim import work

KILLS = 10
"""Of the methods that between them have every kind of part; of the searches of the others `FEW`."""
FEW = 3
THOROUGH = ("darts-2nd", "spos", "p-darts", "darts-ada", "cdarts", "enas", "gold-nas")
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


def results(folder):
    return timeless(json.loads((folder / "measured.json").read_text()))


def begun(folder, process):
    """Waits until the process holds its folder, or a moment at most."""
    for _ in range(200):
        if (folder / "run.json").exists() or process.exitcode is not None:
            return
        time.sleep(0.02)


def finished(processes, method, folder, resume, alone=True):
    process = started(processes, method, folder, resume, alone)
    process.join()
    assert process.exitcode == 0


def killed_often(processes, method, folder, kills, seconds):
    """Begins a run and kills it at random instants; whether there is something to resume.

    Where it ends before half of the kills, the machine has become faster, and it starts over.
    """
    rng, resume, done = random.Random(method), False, 0
    while done < kills:
        process = started(processes, method, str(folder), resume, kills == KILLS)
        begun(folder, process)
        process.join(rng.uniform(0.0, (1.6 if kills == KILLS else 0.9) / kills) * seconds)
        if process.exitcode is None:
            os.kill(process.pid, signal.SIGKILL)
            process.join()
        if process.exitcode == -signal.SIGKILL:
            done += 1
            resume = (folder / "run.json").exists()
            continue
        assert process.exitcode == 0
        if done > kills / 2:
            return True
        shutil.rmtree(folder)
        resume, done, seconds = False, 0, seconds / 2
    return resume


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("method", methods.names())
def test_killed_and_resumed_is_bitwise_equal(method, processes, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    thorough = method in THOROUGH
    began = time.perf_counter()
    finished(processes, method, str(whole), False, thorough)
    work_seconds = time.perf_counter() - began
    resume = killed_often(processes, method, killed, KILLS if thorough else FEW, work_seconds)
    finished(processes, method, str(killed), resume, thorough)
    for name in ("trace.csv", "alpha.csv", "architecture.json"):
        assert (whole / name).read_bytes() == (killed / name).read_bytes(), name
    first, second = (Checkpoints(place / "checkpoint" / "search").latest() for place in (whole, killed))
    assert first.tensors.keys() == second.tensors.keys()
    for name, tensor in first.tensors.items():
        assert tensor.equal(second.tensors[name]), name
    assert results(whole) == results(killed)
    networks = sorted(p.name for p in (whole / "networks").glob("*"))
    assert networks == sorted(p.name for p in (killed / "networks").glob("[!.]*"))
    assert bool(networks) == thorough
    for name in networks:
        pair = [load_file(place / "networks" / name) for place in (whole, killed)]
        assert all(value.equal(pair[1][key]) for key, value in pair[0].items()), name


def workers(process):
    """Processes that train for a job, by number."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(child) for child in children.split()]


def alive(number):
    """Whether a process runs; one that ended and that nobody has asked about yet does not."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(true, seconds=60.0):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(processors() < 2, reason="trainings run side by side on two processors or more")
@pytest.mark.skipif(
    not os.path.exists("/proc/self/task"), reason="children are found in /proc, as Linux has it"
)
def test_killed_while_trainings_run_side_by_side(processes, tmp_path):
    """The job dies, its workers go with it, and what is resumed equals trainings done one by one."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finished(processes, "darts", str(whole), False)
    job = started(processes, "darts", str(killed), False, True, True)
    stored = killed / "checkpoint"
    assert until(lambda: any(p.name != "search" and any(p.iterdir()) for p in stored.glob("*")))
    crew = workers(job)
    assert len(crew) == 2
    os.kill(job.pid, signal.SIGKILL)
    job.join()
    assert until(lambda: not any(map(alive, crew)))
    again = started(processes, "darts", str(killed), True, True, True)
    again.join()
    assert again.exitcode == 0
    assert results(whole) == results(killed)
