"""``gapless compare``: text, one JSON object, a page, refusals in one line."""

from __future__ import annotations

from pathlib import Path

from tests.job.synthetic import made, several
from tests.job.tiny import tree

from gapless.job.compare import compare

from .conftest import Command
from .refusal import refused, usage
from .test_commands import one_object


def test_the_text(gapless: Command, tmp_path: Path) -> None:
    paths = [*several(tmp_path), made(tmp_path / "bare", "darts", 9, None)]
    begun = made(tmp_path / "begun", "darts", 10)
    (begun / "findings.json").unlink()
    before = tree(tmp_path)
    outcome = gapless("compare", *paths, begun)
    assert (outcome.status, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[0] == "Accuracy"
    assert any(line.split()[:3] == ["darts", "(5", "seeds)"] for line in lines)
    assert any(line.strip().startswith("test: trained alone, test split, %") for line in lines)
    assert any(line.startswith("'pc-darts' is 2.0 points better than 'darts'") for line in lines)
    assert f"left out: {begun}: not finished; gapless resume {begun}" in lines
    assert any(line.startswith(f"not measured in {tmp_path / 'bare'}: test, a0") for line in lines)
    assert all(line == line.rstrip() for line in lines)
    assert tree(tmp_path) == before, "nothing is written"


def test_the_json_is_what_python_gets(gapless: Command, tmp_path: Path) -> None:
    paths = several(tmp_path, 2)
    assert one_object(gapless("compare", *paths, "--json")) == compare(paths)


def test_the_page(gapless: Command, tmp_path: Path) -> None:
    paths = several(tmp_path, 2)
    page = tmp_path / "page.html"
    assert gapless("compare", *paths, "--out", page).out.splitlines()[-1] == f"page: {page}"
    assert one_object(gapless("compare", *paths, "--out", page, "--json"))["page"] == str(page)
    assert "Gapless comparison" in page.read_text()
    refused(
        gapless("compare", *paths, "--out", tmp_path / "none" / "page.html"), "--out FILE", "No such file"
    )


def test_refusals(gapless: Command, tmp_path: Path) -> None:
    good = made(tmp_path / "good")
    (tmp_path / "empty").mkdir()
    refused(gapless("compare", good, tmp_path / "none"), "a run folder", "no such folder", "--run")
    refused(gapless("compare", good, tmp_path / "empty"), "a run folder", "no run.json there")
    refused(gapless("compare", good), "two run folders or more", str(good))
    usage(gapless("compare"), "Missing argument")
