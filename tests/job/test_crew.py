"""Several trainings at once: same numbers, crashes, refusals, stopping."""

from __future__ import annotations

import dataclasses
import io
import os
import pickle
import queue
import signal
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from gapless.core import Streams
from gapless.core.errors import Diverged, GaplessError, Interrupted
from gapless.data import get
from gapless.engine.folder import RunFolder
from gapless.job.alone import Errand, Setting, on_threads, trained
from gapless.job.crew import Crew
from gapless.job.interrupt import Stopper
from gapless.job.plan import Plan, plan
from gapless.job.request import Request
from gapless.job.show import Quiet
from gapless.job.worker import messages

pytestmark = pytest.mark.slow
SHORT = (("training.epochs", "2"), ("deploy.channels", "2"), ("training.batch", "32"), ("data.limit", "120"))


def planned(*more: tuple[str, str]) -> Plan:
    return plan(Request("chain", "digits", "spos", sets=(*SHORT, *more)))


def errands(of: Plan, n: int) -> list[Errand]:
    rng = Streams(0).generator("errands")
    return [Errand("baseline", of.space.choices.sample(rng), i) for i in range(n)]


def crew(
    of: Plan, folder: RunFolder, workers: int, stopping: Any = lambda: False, said: list[str] | None = None
) -> tuple[Crew, dict[str, Any]]:
    setting = Setting.of(of, folder.path, 1, 0.0)
    assert setting is not None
    records: dict[str, Any] = {}
    lines = [] if said is None else said
    return Crew(
        setting, workers, lambda e, r: records.update({e.name: r}), lambda n: None, lines.append, stopping
    ), records


def without_time(records: dict[str, Any]) -> dict[str, Any]:
    return {name: {k: v for k, v in record.items() if k != "seconds"} for name, record in records.items()}


def test_numbers_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    of, results = planned(), []
    for workers in (0, 1, 3):
        folder = RunFolder.create(tmp_path / str(workers), {})
        todo, records = errands(of, 3), {}
        if workers:
            team, records = crew(of, folder, workers)
            team.do(todo)
        else:
            with on_threads(1, torch.device("cpu")):
                for errand in todo:
                    records[errand.name] = trained(errand, of, folder, "", Quiet(), Stopper(), 1e9)
        networks = {e.name: load_file(folder / f"networks/{e.name}.safetensors") for e in todo}
        results.append((without_time(records), networks))
    for records, networks in results[1:]:
        assert records == results[0][0]
        for name, tensors in networks.items():
            assert all(torch.equal(t, results[0][1][name][key]) for key, t in tensors.items())


def test_a_killed_worker_is_named_and_its_training_done_again(tmp_path: Path) -> None:
    of, said = planned(("training.epochs", "12")), []
    team, records = crew(of, RunFolder.create(tmp_path / "run", {}), 2, said=said)
    todo = errands(of, 2)

    def kill() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for worker in list(team.running):
                if worker.steps > 3:
                    os.kill(worker.process.pid, signal.SIGKILL)
                    return
            time.sleep(0.01)

    killer = threading.Thread(target=kill)
    killer.start()
    team.do(todo)
    killer.join()
    assert len(said) == 1
    assert "failed" in said[0]
    assert any(errand.name in said[0] for errand in todo)
    again, expected = crew(of, RunFolder.create(tmp_path / "whole", {}), 2)
    again.do(todo)
    assert without_time(records) == without_time(expected)


@pytest.mark.parametrize("cut", [0, 50])
def test_a_worker_goes_when_its_job_does(monkeypatch: pytest.MonkeyPatch, cut: int) -> None:
    """Between two messages, or in the middle of one, as where a killed job was sending images."""
    left: queue.Queue[int] = queue.Queue()

    def leave(status: int) -> None:
        left.put(status)
        threading.Event().wait()  # nothing comes after the end

    monkeypatch.setattr("gapless.job.worker.os", SimpleNamespace(_exit=leave))
    messages(io.BytesIO(pickle.dumps("a long message" * 10)[:cut]))
    assert left.get(timeout=10) == 1


def test_a_training_that_always_fails_ends_the_job(tmp_path: Path) -> None:
    of = planned()
    folder = RunFolder.create(tmp_path / "run", {})
    team, _ = crew(of, folder, 1)
    errand = errands(of, 1)[0]
    (folder / "networks").write_text("a file where a folder is needed")
    with pytest.raises(GaplessError):
        team.do([errand])
    assert team.running == []


def test_what_a_worker_refuses_is_refused(tmp_path: Path) -> None:
    of = planned(("training.weights.lr", "999999"))
    team, _ = crew(of, RunFolder.create(tmp_path / "run", {}), 2)
    with pytest.raises(Diverged, match="training"):
        team.do(errands(of, 2))
    assert team.running == []


def test_stopping_stores_what_there_is(tmp_path: Path) -> None:
    of = planned(("training.epochs", "500"))
    folder = RunFolder.create(tmp_path / "run", {})
    team: Crew

    def stopping() -> bool:
        return any(worker.steps > 2 for worker in team.running)

    team, records = crew(of, folder, 2, stopping)
    with pytest.raises(Interrupted, match="stopped in a training"):
        team.do(errands(of, 2))
    assert records == {}
    assert list((folder / "checkpoint").glob("baseline-*/*"))


def test_objects_are_sent_where_they_can_be(tmp_path: Path) -> None:
    by_name = planned()
    of = dataclasses.replace(by_name, request=dataclasses.replace(by_name.request, data="object"))
    setting = Setting.of(of, tmp_path, 1, 1.0)
    assert setting is not None
    assert setting.plan().fingerprint == of.fingerprint
    assert setting.plan().data.fingerprint == get("digits", limit=120).fingerprint
    script = type("Mine", (), {"__module__": "__main__", "fingerprint": "mine"})
    assert Setting.of(dataclasses.replace(of, data=script()), tmp_path, 1, 1.0) is None
