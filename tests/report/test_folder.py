"""The page of a run folder."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from gapless.core.errors import BadRunFolder
from gapless.report import render, write

from . import example


def _save(folder: Path, found: example.Example) -> None:
    findings, trace, alpha = found
    (folder / "findings.json").write_text(json.dumps(findings), encoding="utf-8")
    for name, rows in (("trace.csv", trace), ("alpha.csv", alpha)):
        with (folder / name).open("w", encoding="utf-8", newline="") as out:
            table = csv.DictWriter(out, list(rows[0]), restval="", extrasaction="ignore")
            table.writeheader()
            table.writerows(rows)


def test_a_folder_gives_the_page_of_its_values_and_nothing_else(tmp_path: Path) -> None:
    found = example.nb201()
    _save(tmp_path, found)
    assert write(tmp_path) == tmp_path / "report.html"
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == render(*found)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "alpha.csv", "findings.json", "report.html", "trace.csv"
    ]  # fmt: skip


def test_tables_may_be_absent_or_cut_short(tmp_path: Path) -> None:
    (tmp_path / "findings.json").write_text("{}", encoding="utf-8")
    write(tmp_path)
    (tmp_path / "trace.csv").write_bytes(b"stage,epoch,train_loss\nsearch,0,1.5\nsearch,1,0.5\nsea\x00")
    (tmp_path / "alpha.csv").write_text("", encoding="utf-8")
    assert "fig-curves-wide" in write(tmp_path).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "word"),
    [("{", "JSON"), ("[]", "JSON object"), ('{"version": 99}', "version 99"), ('{"version": "x"}', "x")],
)
def test_findings_that_cannot_be_read_are_refused_in_one_line(tmp_path: Path, text: str, word: str) -> None:
    (tmp_path / "findings.json").write_text(text, encoding="utf-8")
    with pytest.raises(BadRunFolder, match=word) as caught:
        write(tmp_path)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize(("name", "word"), [("", "no such file"), ("nowhere", "no such folder")])
def test_a_folder_without_findings_is_refused(tmp_path: Path, name: str, word: str) -> None:
    with pytest.raises(BadRunFolder, match=word):
        write(tmp_path / name)


def test_what_cannot_be_written_is_refused_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "findings.json").write_text("{}", encoding="utf-8")
    (tmp_path / "report.html").mkdir()
    with pytest.raises(BadRunFolder):
        write(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["findings.json", "report.html"]
