"""The page of a comparison: what it holds, and that every text stays text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.job.synthetic import made, several

from gapless.core.errors import BadValue
from gapless.job.compare import compare
from gapless.report.comparison import render, write
from gapless.report.variants import differences, interval, names, tables

from .test_page import Reader


def test_the_page_holds_what_was_compared(tmp_path: Path) -> None:
    found = compare([*several(tmp_path), made(tmp_path / "bare", "darts", 9, None)])
    page = render(found)
    assert page == render(found)
    read = Reader(page)
    text = " ".join(read.text)
    for part in ("9 searches of 2 variants", "2.0 points better", "distinct architectures", "Holm", "4 of 5"):
        assert part in text
    assert all(run["run"] in text for run in found["runs"])
    ids = [attrs["id"] for _, attrs in read.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {"fig-variants-wide-title", "fig-variants-narrow-title"} <= set(ids)
    assert not re.search(r"url\((?!#)|@import|src=", page)
    assert not re.search("#a000[01][0-9a-f]", page)


def test_every_text_is_text(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    blocks = {"architecture": {"text": evil}, "environment": {"torch": evil}}
    paths = [made(tmp_path / "a", evil, blocks=blocks), made(tmp_path / "b & <i>c", seed=1)]
    page = render(compare(paths))
    assert "<script" not in page
    assert "<i>c" not in page


def test_different_data_alone_make_a_page(tmp_path: Path) -> None:
    paths = [made(tmp_path / "a", test=None), made(tmp_path / "b", test=None, sets=(("data.limit", "9"),))]
    page = render(compare(paths))
    assert "no two variants on the same data" in page
    assert "fig-variants" not in page


def test_the_place_must_be_writable(tmp_path: Path) -> None:
    found = compare(several(tmp_path, 1))
    assert write(found, tmp_path / "page.html").read_text().startswith("<!doctype html>")
    for place in (tmp_path / "missing" / "page.html", tmp_path):
        with pytest.raises(BadValue, match="--out FILE"):
            write(found, place)
    assert not list(tmp_path.glob(".gapless-*"))


def test_tables_of_text(tmp_path: Path) -> None:
    found = compare(several(tmp_path))
    assert [table.title for table in tables(found)] == [
        "Accuracy", "Terms of the gap", "Cost", "What was found",
    ]  # fmt: skip
    for table in (*tables(found), differences(found)):
        assert table.rows
        assert all(len(row) == len(table.columns) for row in table.rows)
    assert interval({"mean": 0.974, "low": 0.97, "high": 0.978}, "%") == "97.4 +- 0.4"
    assert interval({"mean": -0.00001, "low": None, "high": None}, "points") == "0.0"
    assert interval({"mean": 1234567.0, "low": None, "high": None}, "count") == "1,234,567"


def test_long_names_become_letters(tmp_path: Path) -> None:
    sets = (("relax", "edge-product"), ("weights.lr", "0.0125"))
    found = compare([made(tmp_path / "a"), made(tmp_path / "b", sets=sets)])
    assert names(found) == {"darts": "A", "darts, relax=edge-product, weights.lr=0.0125": "B"}
    assert names(compare(several(tmp_path / "c"))) == {"darts": "darts", "pc-darts": "pc-darts"}
