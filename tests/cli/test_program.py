"""The program as processes of its own: ``python -m``, and Ctrl-C followed by a resume."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.job.tiny import NO_MORE, words

from .conftest import Command
from .stopping import ENVIRONMENT, stopped

PROGRAM = str(Path(sys.executable).parent / "gapless")


def ended(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, capture_output=True, text=True, check=False, env=ENVIRONMENT)


def test_the_package_is_a_program() -> None:
    module = ended(sys.executable, "-m", "gapless", "spaces", "size", "nb201")
    assert (module.returncode, module.stdout, module.stderr) == (0, "15625\n", "")
    wrong = ended(sys.executable, "-m", "gapless", "spaces", "size", "nb202")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("gapless: expected ")
    assert wrong.stderr.count("\n") == 1
    assert "Usage: python -m gapless" in ended(sys.executable, "-m", "gapless", "--help").stdout


@pytest.mark.slow
def test_ctrl_c_and_resume_as_processes(gapless: Command, tmp_path: Path) -> None:
    """What a person does: start, stop, go on; the end is that of a run which was never stopped."""
    whole, run = tmp_path / "whole", tmp_path / "stopped"
    size = [*NO_MORE, "--epochs", "30"]
    status, out, err = stopped([PROGRAM, *words(run, *size)], lambda pid: (run / "trace.csv").exists())
    assert (status, out) == (130, "")
    assert err.count("\n") == 1
    assert err.startswith("stopped at step ")
    assert f"continue with: gapless resume {run}" in err
    assert not (run / "findings.json").exists()

    resumed = ended(PROGRAM, "resume", str(run))
    assert (resumed.returncode, resumed.stderr) == (0, "")
    assert "architecture  normal: 2<-" in resumed.stdout

    assert gapless(*words(whole, *size)).status == 0
    for name in ("architecture.json", "trace.csv", "alpha.csv"):
        assert (run / name).read_bytes() == (whole / name).read_bytes(), name


def budget(run: Path) -> list[str]:
    return ["search", "--run", str(run), "--budget", "10m"]


def search(run: Path) -> list[str]:
    return ["search", "--run", str(run), "--epochs", "30"]


def as_json(run: Path) -> list[str]:
    return [*search(run), "--json"]


@pytest.mark.parametrize("words", [search, as_json, budget])
def test_ctrl_c_before_the_work(words: Callable[[Path], list[str]], tmp_path: Path) -> None:
    """While torch is imported, data are read and networks are tried: one line and status 130."""
    found = stopped(
        [PROGRAM, *words(tmp_path / "run")],
        lambda pid: "libtorch_cpu" in Path(f"/proc/{pid}/maps").read_text(),
    )
    assert found == (130, "", "stopped\n")


def test_two_ctrl_c_stop_at_once(tmp_path: Path) -> None:
    status, out, err = stopped(
        [PROGRAM, *words(tmp_path / "run", *NO_MORE, "--epochs", "30", "--set", "data.limit=1700")],
        lambda pid: (tmp_path / "run/trace.csv").exists(),
        times=2,
    )
    assert (status, out) == (130, "")
    assert err.count("\n") == 1
    assert err.startswith("stopped")


def test_a_reader_that_has_read_enough() -> None:
    """`gapless methods list | head -1`, without the race."""
    read, write = os.pipe()
    os.close(read)
    try:
        process = subprocess.run(
            [PROGRAM, "methods", "list"], stdout=write, stderr=subprocess.PIPE, check=False, env=ENVIRONMENT
        )
    finally:
        os.close(write)
    assert (process.returncode, process.stderr) == (1, b"")
