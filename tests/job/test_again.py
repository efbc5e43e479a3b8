"""What was stopped names the command line that goes on with it, and that one does."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pytest
from tests.job.test_interrupt import StopAt
from tests.job.tiny import NO_MORE, words

from gapless import cli
from gapless.core.errors import Interrupted
from gapless.job import job, work
from gapless.job.job import continued, reopened, trained


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("again") / "it's a run"
    cli.main(words(run, *NO_MORE))
    return run


@pytest.fixture
def run(searched: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(searched, tmp_path / "it's a run"))


def named(stop: pytest.ExceptionInfo[Interrupted]) -> list[str]:
    return shlex.split(str(stop.value).split("continue with: ")[1].split("; ")[0])


@pytest.mark.parametrize("at", ["audit: line", "training deploy 0"])
def test_an_audit(at: str, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "processors", lambda: 1)  # one after the other, each with its title
    asked = {"archs": 0, "seeds": 1, "sample": 2, "deployed": None}
    with pytest.raises(Interrupted) as stop:
        continued(*reopened(run), StopAt(at, 1), 3600.0, retrain=True, audit=True, **asked)
    command = named(stop)
    options = ["--archs", "0", "--seeds", "1", "--sample", "2", "--budget", "60m"]
    assert command == ["gapless", "audit", str(run), *options]
    before = json.loads((run / "measured.json").read_text())
    cli.main(command[1:])
    after = json.loads((run / "measured.json").read_text())
    assert {name: after[name] for name in before if name != "peak_mb"} == {
        name: value for name, value in before.items() if name != "peak_mb"
    }
    assert "gap/mathematical" in after


def test_a_retrain(run: Path) -> None:
    with pytest.raises(Interrupted, match=r"stopped in a training; .*; the architecture is found: ") as stop:
        trained(*reopened(run), "search", StopAt("training search 0", 1))
    command = named(stop)
    assert command == ["gapless", "retrain", str(run), "--shape", "search"]
    (begun,) = (run / "checkpoint").glob("search-*")
    cli.main(command[1:])
    assert not begun.exists(), "it went on with this one"
    assert begun.name in json.loads((run / "measured.json").read_text())


def test_a_resume_and_data_elsewhere(run: Path) -> None:
    planned, folder = reopened(run, root="/else where")
    assert job._command("audit", planned, folder, sample=0) == shlex.join(
        ["gapless", "audit", str(run), "--sample", "0", "--root", "/else where"]
    )
    assert shlex.split(work.Work(planned, folder, StopAt("", 0), None).again)[2] == str(run)  # type: ignore[arg-type]
