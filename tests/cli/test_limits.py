"""Limits that no architecture keeps are refused before a search begins."""

from __future__ import annotations

from pathlib import Path

from .conftest import Command
from .refusal import refused

SEARCH = ["search", "--space", "chain", "--method", "spos", "--epochs", "1", "--set", "data.limit=60"]


def test_what_nothing_keeps(gapless: Command, tmp_path: Path) -> None:
    run = tmp_path / "run"
    outcome = gapless(*SEARCH, "--max", "params=1", "--run", run)
    refused(outcome, "limits that some architecture keeps", "none among 1,000 drawn", "raise --max")
    assert not run.exists()


def test_what_something_keeps(gapless: Command, tmp_path: Path) -> None:
    run = tmp_path / "run"
    small = ["--set", "batch=16", "--set", "select.evaluations=2", "--no-retrain", "--no-audit"]
    assert gapless(*SEARCH, *small, "--max", "params=10M", "--run", run).status == 0
