"""Ctrl-C: the state is saved, the best so far is said, and a resume goes on from there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.job.tiny import NO_MORE, SETTINGS, words

import gapless
from gapless.core.errors import Interrupted
from gapless.job.interrupt import listening
from gapless.job.job import begin, carried_out, reopened
from gapless.job.plan import plan
from gapless.job.request import Request
from gapless.job.show import Advance

PROGRAM = str(Path(sys.executable).parent / "gapless")


def started(*arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def appears(path: Path, process: subprocess.Popen[str]) -> None:
    """Waits for a file that the process writes."""
    for _ in range(6000):
        if path.exists():
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    pytest.fail(f"{path} did not appear")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_stopped_in_a_search(number: signal.Signals, tmp_path: Path) -> None:
    run = tmp_path / "run"
    search = started(*words(run, *NO_MORE, "--epochs", "40"))
    appears(run / "trace.csv", search)
    search.send_signal(number)
    out, err = search.communicate(timeout=60)
    assert search.returncode == 130
    assert out == ""
    assert err.count("\n") == 1
    step = int(err.removeprefix("stopped at step ").split(";")[0])
    assert 1 <= step < 40
    assert f"continue with: gapless resume {run}" in err
    assert "best so far: normal: 2<-" in err
    assert json.loads((run / "architecture.json").read_text())["format"] == "gapless.arch"
    assert max(p.name for p in (run / "checkpoint" / "search").iterdir()) == f"{step:012d}"
    assert len((run / "trace.csv").read_text().splitlines()) == 1 + step
    assert not (run / "findings.json").exists()
    found = gapless.resume(run)
    assert found.findings["finished"] is True
    trace = (run / "trace.csv").read_text().splitlines()
    assert len(trace) == 1 + 40
    assert json.loads((run / "measured.json").read_text())["arch"]["steps"] == 40


def test_stopped_in_a_training(tmp_path: Path) -> None:
    run = tmp_path / "run"
    search = started(*words(run, "--no-audit", "--set", "training.epochs=100"))
    appears(run / "findings.json", search)
    search.send_signal(signal.SIGINT)
    out, err = search.communicate(timeout=60)
    assert search.returncode == 130
    assert out == ""
    assert err.count("\n") == 1
    assert "stopped in a training" in err
    assert f"gapless resume {run}" in err
    assert "the architecture is found: normal: 2<-" in err
    before = json.loads((run / "measured.json").read_text())
    assert "arch" in before
    assert not any(name.startswith("deploy-") for name in before)
    (training,) = (p for p in (run / "checkpoint").iterdir() if p.name != "search")
    assert training.name.startswith("deploy-")
    assert len(gapless.resume(run).findings["accuracy"]["test"]["values"]) == 1
    after = json.loads((run / "measured.json").read_text())
    assert after["arch"] == before["arch"], "the search was not done again"
    assert not training.exists(), "what led to a stored result is forgotten"


class StopAt:
    """Ctrl-C after so many units of the work with this title."""

    def __init__(self, title: str, unit: int) -> None:
        self.title, self.unit, self.lines = title, unit, list[str]()

    @contextmanager
    def track(self, title: str, total: int, done: int = 0) -> Iterator[Advance]:
        units = done

        def advance(note: str, n: int = 1) -> None:
            nonlocal units
            before, units = units, units + n
            if title == self.title and before < self.unit <= units:
                signal.raise_signal(signal.SIGINT)

        yield advance

    def say(self, line: str) -> None:
        self.lines.append(line)


def spos(run: Path) -> Request:
    sets = tuple((key, str(value)) for key, value in SETTINGS.items())
    small = (("select.evaluations", "6"), ("select.evaluator.batches", "1"))
    return Request("darts", "digits", "spos", epochs=1, sets=(*sets, *small), retrain=False, audit=False)


def test_nothing_is_known_before_the_first_evaluation(tmp_path: Path) -> None:
    planned = plan(spos(tmp_path))
    folder = begin(planned, tmp_path / "run")
    with pytest.raises(Interrupted, match="no architecture is known yet") as stop:
        carried_out(planned, folder, StopAt("searching", 1))
    assert stop.value.exit_status == 130
    assert not (folder / "architecture.json").exists()
    with pytest.raises(Interrupted, match="best so far: normal:"):
        carried_out(*reopened(folder.path), StopAt("searching", 3))
    assert (folder / "architecture.json").exists()
    found = carried_out(*reopened(folder.path)).findings
    assert len(found["candidates"]) == 6
    assert set(found["candidates"][0]) == {"key", "accuracy", "chosen", "params", "macs"}
    assert sum(one["chosen"] for one in found["candidates"]) == 1


def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(tmp_path: Path) -> None:
    planned = plan(spos(tmp_path))
    folder = begin(planned, tmp_path / "run")
    with pytest.raises(Interrupted):
        carried_out(planned, folder, StopAt("searching", 4), every=0.0)
    old, new = sorted((folder / "checkpoint/search").iterdir())
    (new / "state.json").write_bytes((new / "state.json").read_bytes()[:-1])
    show = StopAt("nothing", 0)
    carried_out(*reopened(folder.path), show)
    (line,) = show.lines
    assert str(new) in line
    assert "is damaged" in line
    assert "the one before it is used" in line
    assert old.name not in line


def test_the_first_is_noted_and_the_second_stops_at_once() -> None:
    before = signal.getsignal(signal.SIGINT)
    with listening() as stopper:
        assert not stopper.asked
        signal.raise_signal(signal.SIGINT)
        assert stopper.asked
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_another_thread_leaves_signals_alone() -> None:
    before, seen = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with listening() as stopper:
            seen.append((stopper.asked, signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(False, before)]
