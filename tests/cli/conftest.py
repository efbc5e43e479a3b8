"""The command line, called in this process, and run folders that several tests read."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.job.tiny import NO_MORE, SETTINGS, words

from gapless import cli
from gapless.job.job import begin
from gapless.job.plan import plan
from gapless.job.request import Request


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    status: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture
def gapless(capsys: pytest.CaptureFixture[str]) -> Command:
    """``gapless(*words)`` as the command line would do it; a traceback fails the test."""

    def run(*arguments: str | Path) -> Outcome:
        status: object = 0
        try:
            cli.main([str(word) for word in arguments])
        except SystemExit as end:
            status = end.code
        assert isinstance(status, int)
        return Outcome(status, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def _searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("searched") / "run"
    cli.main(words(run, *NO_MORE))
    return run


@pytest.fixture(scope="session")
def _trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("trained") / "run"
    cli.main(words(run))
    return run


@pytest.fixture
def searched(_searched: Path, tmp_path: Path) -> Path:
    """A run that has searched and done nothing more; a copy for this test."""
    return Path(shutil.copytree(_searched, tmp_path / "searched"))


@pytest.fixture
def trained(_trained: Path, tmp_path: Path) -> Path:
    """A run that has done everything; a copy for this test."""
    return Path(shutil.copytree(_trained, tmp_path / "trained"))


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """A run that was begun and killed at once."""
    sets = tuple((key, str(value)) for key, value in SETTINGS.items())
    run = tmp_path / "begun"
    begin(plan(Request("darts", "digits", "darts", epochs=1, sets=sets, retrain=False, audit=False)), run)
    return run
