"""What goes wrong at work, and run folders that cannot be continued: one line, status 2, nothing spoilt."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.job.tiny import NO_MORE, SETS, SETTINGS, tree, words

from gapless import cli
from gapless.core.errors import BadRunFolder
from gapless.job.found import Found
from gapless.job.job import begin, reopened
from gapless.job.plan import plan
from gapless.job.request import Request

from .conftest import Command, Outcome
from .refusal import images, mounted, refused

# -- during the work ------------------------------------------------------------------------------


def test_a_loss_that_is_not_finite(gapless: Command, tmp_path: Path) -> None:
    run = tmp_path / "run"
    hot = ["--set", "weights.lr=9e5", "--set", "weights.weight_decay=1e33", "--set", "data.limit=100"]
    refused(gapless(*words(run, *hot)), "a finite", "at step 2", "--set weights.lr=")
    assert {name.split("/")[0] for name in tree(run)} == {"run.json", "checkpoint"}
    refused(gapless("resume", run), "at step 2")


def test_a_training_loss_that_is_not_finite(gapless: Command, tmp_path: Path) -> None:
    run = tmp_path / "run"
    hot = ["--set", "training.weights.lr=9e5", "--set", "training.weights.weight_decay=1e33"]
    outcome = gapless(*words(run, "--no-audit", *hot))
    refused(outcome, "finite logits", "at the end of a training", "last step", "--set training.weights.lr=")
    shutil.rmtree(run)
    outcome = gapless(*words(run, "--no-audit", *hot, "--set", "training.batch=16"))
    refused(outcome, "a finite training loss", "at step 2", "--set training.weights.lr=")
    found = json.loads((run / "findings.json").read_text())
    assert "architecture" in found
    assert "accuracy" not in found


def _kept(run: Path) -> None:
    assert json.loads((run / "run.json").read_text())["format"] == "gapless.run"
    assert not [path for path in run.rglob("*") if path.name.startswith(".") and path.name != ".lock"]


def test_a_full_disk(gapless: Command, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=64k") as disk:
        refused(gapless(*words(disk / "run", *NO_MORE)), "can be written", "No space left", "free the disk")
        _kept(disk / "run")


def test_a_full_disk_while_the_folder_is_made(gapless: Command, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=4k,nr_inodes=2") as disk:
        refused(gapless(*words(disk / "run", *NO_MORE)), "can be written", "No space left")
        assert tree(disk) == {}


def test_a_limit_on_the_size_of_files(gapless: Command, tmp_path: Path) -> None:
    run = tmp_path / "run"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))
    try:
        refused(gapless(*words(run, *NO_MORE)), "can be written", "File too large")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    _kept(run)
    assert gapless("resume", run).status == 0


# -- a folder that was begun ----------------------------------------------------------------------

AGAIN = ("resume", "retrain", "audit")


@pytest.mark.parametrize("command", [*AGAIN, "report"])
def test_no_run_there(command: str, gapless: Command, tmp_path: Path) -> None:
    refused(gapless(command, tmp_path / "none"), "a run folder", "no such folder", "--run")
    (tmp_path / "empty").mkdir()
    refused(gapless(command, tmp_path / "empty"), "a run folder", "no run.json there")
    (tmp_path / "file").write_text("x")
    refused(gapless(command, tmp_path / "file"), "a run folder")
    assert tree(tmp_path) == {"file": b"x"}


def _edited(**changes: object) -> Callable[[dict[str, object]], str]:
    return lambda header: json.dumps({**header, **changes})


def _requested(**changes: object) -> Callable[[dict[str, object]], str]:
    return lambda header: json.dumps({**header, "request": {**header["request"], **changes}})  # type: ignore[dict-item]


HEADERS: dict[str, tuple[Callable[[dict[str, object]], str], tuple[str, ...]]] = {
    "cut short": (lambda header: json.dumps(header)[:200], ("a readable run.json",)),
    "empty": (lambda header: "", ("a readable run.json",)),
    "a list": (lambda header: "[]", ("written by gapless", "another format")),
    "foreign": (_edited(format="other"), ("written by gapless", "another format")),
    "newer": (_edited(version=2), ("version 1 or older", "version 2", "install")),
    "version a word": (_edited(version="two"), ("version 1 or older", "version two")),
    "no request": (_edited(request=None), ("holds a request", "restore run.json")),
    "request a word": (_edited(request="darts"), ("holds a request", "restore run.json")),
    "request with more": (_requested(speed=3), ("holds a request", "speed")),
    "request of words": (_requested(archs="three"), ("--archs", "three")),
    "request for what is unknown": (_requested(method="dart"), ("a method", "did you mean 'darts'?")),
    "another seed": (_requested(seed=7), ("was begun with", "have changed since")),
    "no fingerprint": (_edited(fingerprint=None), ("was begun with", "have changed since")),
    "a Python object": (_requested(data="object"), ("the data that this run was given", "gapless.resume(")),
}


@pytest.mark.parametrize("case", HEADERS.values(), ids=HEADERS)
def test_a_run_json_that_cannot_be_continued(
    case: tuple[Callable[[dict[str, object]], str], tuple[str, ...]], gapless: Command, begun: Path
) -> None:
    spoil, holds = case
    (begun / "run.json").write_text(spoil(json.loads((begun / "run.json").read_text())))
    before = tree(begun)
    for command in ("resume", "retrain"):
        refused(gapless(command, begun), *holds)
    assert tree(begun) == before


def test_data_that_have_changed_since(gapless: Command, tmp_path: Path) -> None:
    images(tmp_path / "data" / "cats", 9)
    images(tmp_path / "data" / "dogs", 9)
    run, request = tmp_path / "run", Request("darts", f"folder:{tmp_path / 'data'}", "darts", epochs=1)
    begin(plan(request), run)
    (tmp_path / "data" / "dogs" / "8.png").unlink()
    before = tree(run)
    refused(gapless("resume", run), "begun with", "the data", "restore them")
    shutil.rmtree(tmp_path / "data")
    refused(gapless("resume", run), "a folder of images", "does not exist", "--data folder:PATH")
    refused(gapless("resume", run, "--data", "digits"), "folder:PATH", "'digits'")
    assert tree(run) == before


def test_images_that_were_moved(gapless: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another working folder changes nothing; another place is said with --data; the name stays."""
    for part in ("cats", "dogs"):
        images(tmp_path / "data" / part, 9)
    monkeypatch.chdir(tmp_path)
    sets = tuple((key, str(value)) for key, value in SETTINGS.items())
    request = Request("darts", "folder:data", "darts", "quick", 0, 1, sets, retrain=False, audit=False)
    run = begin(plan(request), tmp_path / "run").path
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert gapless("resume", run).status == 0
    shutil.move(tmp_path / "data", tmp_path / "elsewhere" / "new")
    refused(gapless("resume", run), f"'{tmp_path / 'data'}', which does not exist")
    assert gapless("resume", run, "--data", "folder:new").status == 0
    found = json.loads((run / "findings.json").read_text())
    assert found["question"]["data"] == "folder:data"
    shutil.rmtree(tmp_path / "elsewhere/new/cats")
    images(tmp_path / "elsewhere/new/cats", 10)
    refused(gapless("resume", run, "--data", "folder:new"), "begun with", "the data")


HOLDER = """
import sys
from gapless.engine.folder import RunFolder
with RunFolder.open(sys.argv[1]).locked():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_folder_that_another_process_works_on(gapless: Command, searched: Path) -> None:
    before = tree(searched)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(searched)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        for command in AGAIN:
            refused(gapless(command, searched), "no other process", "one in use", "wait for")
        assert tree(searched) == before
        holder.kill()
    assert gapless("resume", searched).status == 0, "a killed process lets go"


def test_a_checkpoint_of_another_search(gapless: Command, begun: Path, searched: Path) -> None:
    header = json.loads((begun / "run.json").read_text())
    request = Request.from_json({**header["request"], "seed": 1})
    run = begun.parent / "other"
    begin(plan(request), run)
    shutil.copytree(searched / "checkpoint", run / "checkpoint")
    before = tree(run)
    refused(gapless("resume", run), "checkpoints of this search", "one of another search", "another folder")
    assert tree(run) == before


# -- too early ------------------------------------------------------------------------------------


def test_what_a_search_has_not_found_yet(gapless: Command, begun: Path) -> None:
    before = tree(begun)
    refused(gapless("retrain", begun), "a finished search", f"gapless resume {begun}")
    refused(gapless("report", begun), "findings.json", "no such file")
    refused(
        gapless("export", begun, "--onnx", begun / "x.onnx"), "an architecture", f"gapless resume {begun}"
    )
    refused(gapless("retrain", begun, "--shape", "deplyo"), "a shape", "did you mean 'deploy'?")
    assert tree(begun) == before


def test_a_search_that_was_stopped(gapless: Command, begun: Path, searched: Path) -> None:
    """It knows its best so far and nothing else; its folder is quoted where a shell needs that."""
    place = begun.rename(begun.parent / "my run")
    shutil.copy(searched / "architecture.json", place)
    again = f"gapless resume '{place}'"
    refused(gapless("export", place, "--onnx", place / "x.onnx"), "a finished search", again)
    found = Found(*reopened(place))
    for ask in (lambda: found.score, lambda: found.findings, found.network):
        with pytest.raises(BadRunFolder, match="a finished search"):
            ask()
    refused(gapless("search", "--run", place, "--epochs", "1"), again)


def test_export_without_a_training(gapless: Command, searched: Path) -> None:
    before = tree(searched)
    outcome = gapless("export", searched, "--onnx", searched / "x.onnx")
    refused(outcome, "a trained network", f"gapless retrain {searched}")
    assert tree(searched) == before


def test_export_to_nowhere(gapless: Command, trained: Path) -> None:
    before = tree(trained)
    refused(gapless("export", trained), "--onnx FILE", "none")
    place = trained / "missing" / "x.onnx"
    refused(gapless("export", trained, "--onnx", place), str(place), "existing folder")
    refused(gapless("export", trained, "--onnx", trained), "a folder of that name")
    assert tree(trained) == before


@pytest.mark.parametrize("name", ["measured.json", "findings.json", "architecture.json"])
def test_a_stored_result_that_is_damaged(name: str, gapless: Command, trained: Path) -> None:
    (trained / name).write_bytes((trained / name).read_bytes()[:-20])
    command = (
        ("report", trained) if name == "findings.json" else ("export", trained, "--onnx", trained / "x.onnx")
    )
    refused(gapless(*command), name)
    assert not (trained / "x.onnx").exists()


def test_stored_weights_that_are_damaged(gapless: Command, trained: Path) -> None:
    for file in (trained / "networks").iterdir():
        file.write_bytes(file.read_bytes()[:-20])
    refused(gapless("export", trained, "--onnx", trained / "x.onnx"), "weights stored by gapless", "damaged")


def test_a_real_process_says_one_line_too(tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "gapless"
    command = [program, "search", "--run", tmp_path / "run", "--epochs", "1", *SETS, "--set", "batch=1"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "40"}
    )
    refused(Outcome(done.returncode, done.stdout, done.stderr), "at least 2 images")
    assert not (tmp_path / "run").exists()


def test_the_command_line_is_the_installed_program() -> None:
    from importlib.metadata import entry_points

    (program,) = (e for e in entry_points(group="console_scripts") if e.name == "gapless")
    assert program.load() is cli.main
