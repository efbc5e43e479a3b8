"""``gapless spaces latency``: a table of options, and what it cannot do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gapless import spaces
from gapless.export.latency_table import read

from .conftest import Command
from .refusal import refused

SMALL = ("nb201", "--runtime", "torch", "--image", "1x8x8", "--archs", "2", "--seconds", "0.001")


def test_a_table_is_written(gapless: Command, tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    outcome = gapless("spaces", "latency", *SMALL, "--out", str(file))
    assert outcome.status == 0
    assert outcome.err == ""
    assert outcome.out.splitlines()[-2].startswith(f"{file}: 30 options, and ")
    assert outcome.out.splitlines()[-1].startswith("off by ")
    table = read(file)
    assert file.read_text().splitlines()[0] == "choice,option,ms"
    assert table.conditions["image"] == "1x8x8"
    assert table.predicted(spaces.get("nb201").choices.at(7)) >= table.base


def test_json(gapless: Command, tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    outcome = gapless("spaces", "latency", *SMALL, "--out", str(file), "--json")
    found = json.loads(outcome.out)
    assert found["file"] == str(file)
    assert {name: found[name] for name in ("base", "error")} == {
        name: json.loads(file.with_suffix(".json").read_text())[name] for name in ("base", "error")
    }


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([], "--out FILE.csv"),
        (["--out", "t.txt"], "ending in .csv"),
        (["--out", "nowhere/t.csv"], "a folder that exists"),
        (["--out", "t.csv", "--image", "32x32"], "--image CxHxW"),
        (["--out", "t.csv", "--classes", "1"], "at least 2 classes"),
        (["--out", "t.csv", "--preset", "quik"], "did you mean 'quick'?"),
        (["--out", "t.csv", "--runtime", "onnx"], "did you mean 'onnxruntime'?"),
        (["--out", "t.csv", "--archs", "1"], "at least 2 architectures"),
    ],
)
def test_refused(
    given: list[str], says: str, gapless: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(gapless("spaces", "latency", "nb201", *given), says)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("taken", ["t.csv", "t.json"])
def test_a_place_that_cannot_be_written_is_known_first(taken: str, gapless: Command, tmp_path: Path) -> None:
    (tmp_path / taken).mkdir()
    refused(gapless("spaces", "latency", "nb201", "--out", tmp_path / "t.csv"), "a folder of that name")
