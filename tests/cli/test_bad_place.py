"""Places that cannot be looked into or written, and files of a run that hold something else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.job.tiny import NO_MORE, words

from .conftest import Command
from .refusal import images, mounted, refused

LONG = "x" * 300
"""No file system here has names like that; where tests run as root, permissions provoke nothing."""
EXPLORE = [
    "explore", "--space", "nb201", "--evaluator", "zerocost:synflow", "--trials", "2", "--set",
    "deploy.channels=4",
]  # fmt: skip


@pytest.mark.parametrize(
    "asked",
    [
        ["search", "--epochs", "1", "--run", LONG],
        [*EXPLORE, "--run", LONG],
        ["ablate", "--parts", "partial=2", "--epochs", "1", "--run", LONG],
        ["resume", LONG],
        ["report", LONG],
        ["compare", LONG, LONG],
        ["search", "--run", "never", "--data", "fashion-mnist", "--root", LONG],
        ["search", "--run", "never", "--data", f"folder:{LONG}"],
    ],
    ids=lambda asked: " ".join(word for word in asked if LONG not in word)[:40],
)
def test_a_place_that_cannot_be(asked: list[str], gapless: Command) -> None:
    refused(gapless(*asked), "File name too long")


def test_data_of_an_impossible_name(gapless: Command) -> None:
    refused(gapless("search", "--run", "never", "--data", LONG), "the name of a data set")


def test_export_to_a_place_that_cannot_be(gapless: Command, trained: Path) -> None:
    refused(gapless("export", trained, "--onnx", f"{LONG}/x.onnx"), "File name too long", "can be written")


def test_explore_on_a_full_disk(gapless: Command, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=20k") as disk:
        refused(gapless(*EXPLORE, "--run", disk / "run"), "can be written", "No space left")


def test_a_damaged_line_of_trials(gapless: Command, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert gapless(*EXPLORE, "--run", run).status == 0
    lines = (run / "trials.log").read_text().splitlines()
    for damaged in (lines[2][:-3], "5"):
        (run / "trials.log").write_text("\n".join([*lines[:2], damaged, *lines[3:]]) + "\n")
        refused(gapless("resume", run), "trials.log", "line 3", "cut it")


@pytest.mark.parametrize("command", ["resume", "retrain", "audit"])
def test_measured_json_that_is_a_list(command: str, gapless: Command, searched: Path) -> None:
    (searched / "measured.json").write_text("[]")
    refused(gapless(command, searched), "a measured.json", "got list")


@pytest.mark.parametrize("name", ["command", "environment"])
def test_a_run_json_that_lacks_something(name: str, gapless: Command, begun: Path) -> None:
    header = json.loads((begun / "run.json").read_text())
    del header[name]
    (begun / "run.json").write_text(json.dumps(header))
    refused(gapless("resume", begun), "a run.json", f"no '{name}'")


@pytest.mark.skipif(sys.platform == "darwin", reason="names of files are UTF-8 there")
def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    place = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    for part in ("a", "b"):
        images(place / "images" / part, 30)
    asked = words(place / "run", *NO_MORE, "--data", f"folder:{place / 'images'}")
    done = subprocess.run([sys.executable, "-m", "gapless", *asked], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert os.fsencode(place) in done.stdout
    assert (place / "run/report.html").is_file()
