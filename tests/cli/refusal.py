"""What a refusal looks like, and what it takes to provoke some."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .conftest import Outcome


def refused(outcome: Outcome, *holds: str) -> None:
    """Status 2, nothing on stdout, one line on stderr that says expected, got and what to do."""
    assert outcome.status == 2, outcome
    assert outcome.out == ""
    assert outcome.err.endswith("\n")
    assert outcome.err.count("\n") == 1, outcome.err
    line = outcome.err.strip()
    assert line.startswith("gapless: expected ")
    assert "; got " in line
    assert line.split("; got ")[1].count("; ") >= 1, "what to do is missing"
    assert "Traceback" not in line
    for text in holds:
        assert text in line, line


def usage(outcome: Outcome, *holds: str) -> None:
    """The same for what the parser of the command line refuses."""
    assert outcome.status == 2, outcome
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1, outcome.err
    assert outcome.err.startswith("gapless: ")
    assert outcome.err.endswith("see 'gapless --help'\n")
    for text in holds:
        assert text in outcome.err


@contextmanager
def mounted(place: Path, options: str) -> Iterator[Path]:
    """A small file system in memory; the test is skipped where it cannot be mounted."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a tmpfs cannot be mounted here: not root, or no permission")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def images(folder: Path, count: int, side: int = 8) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(len(folder.name))
    for i in range(count):
        Image.fromarray(rng.integers(0, 256, (side, side, 3), dtype=np.uint8)).save(folder / f"{i}.png")
