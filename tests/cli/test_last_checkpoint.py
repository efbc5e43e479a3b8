"""What measures a super-network refuses one that is not how the search left it, before any training."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.job.tiny import NO_MORE, tree, words

from gapless import cli

from .conftest import Command
from .refusal import refused

EXPECTED = "the last checkpoint of the search"


@pytest.fixture(scope="module")
def _three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("three") / "run"
    cli.main(words(run, *NO_MORE, "--epochs", "3"))
    return run


@pytest.fixture
def searched(_three: Path, tmp_path: Path) -> Path:
    """A search of three steps, with checkpoints of the first and the last one; a copy for this test."""
    return Path(shutil.copytree(_three, tmp_path / "searched"))


def _missing(run: Path) -> str:
    shutil.rmtree(run / "checkpoint" / "search")
    return "no checkpoint"


def _cut_short(run: Path) -> str:
    first, last = sorted((run / "checkpoint" / "search").iterdir())
    (last / "state.json").write_bytes((last / "state.json").read_bytes()[:-1])
    return f"one of step {int(first.name)} with 0 evaluations, for the last one is damaged"


def _all_cut_short(run: Path) -> str:
    for place in (run / "checkpoint" / "search").iterdir():
        (place / "seal").write_text("")
    return "no checkpoint, for the last one is damaged"


def _gone(run: Path) -> str:
    first, last = sorted((run / "checkpoint" / "search").iterdir())
    shutil.rmtree(last)
    return f"one of step {int(first.name)} with 0 evaluations"


@pytest.mark.parametrize("spoil", [_missing, _cut_short, _all_cut_short, _gone])
def test_a_super_network_that_is_not_the_searchs(spoil, gapless: Command, searched: Path, tmp_path) -> None:
    got = spoil(searched)
    before = {name: content for name, content in tree(searched).items() if name.startswith("checkpoint")}
    stored = json.loads((searched / "measured.json").read_text())
    for options in ((), ("--sample", "0")):
        refused(gapless("audit", searched, *options), EXPECTED, got, "search again in another folder")
    assert json.loads((searched / "measured.json").read_text()) == stored
    explore = ["explore", "--space", "darts", "--evaluator", f"inherited:{searched}", "--trials", "1"]
    new = tmp_path / "explored"
    refused(gapless(*explore, "--set", "space.nodes=2", "--run", new), EXPECTED, got)
    assert not new.exists()
    after = {name: content for name, content in tree(searched).items() if name.startswith("checkpoint")}
    assert after == before


def test_a_folder_of_before_needs_no_number_of_evaluations(gapless: Command, searched: Path) -> None:
    stored = json.loads((searched / "measured.json").read_text())
    assert stored["arch"].pop("evaluations") == 0
    (searched / "measured.json").write_text(json.dumps(stored))
    assert gapless("audit", searched, "--sample", "0", "--archs", "0", "--seeds", "1").status == 0
    assert "a0" in json.loads((searched / "measured.json").read_text())


def test_what_needs_no_super_network_goes_on_without_one(gapless: Command, searched: Path) -> None:
    _missing(searched)
    assert gapless("retrain", searched).status == 0
    assert gapless("resume", searched).status == 0
