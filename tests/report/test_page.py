"""The page as text: what it holds, what it must not hold."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from gapless.report import render
from gapless.report.terms import NAMES

from . import example
from .hostile import NAME, hostile

FIGURES = ("architecture", "chain", "baseline", "curves", "alpha", "skips", "candidates")
TERM_FIGURES = ("line", "ranking", "landscape", "crossing")
BLOCKS = (
    "question", "command", "environment", "architecture", "drawing", "method", "accuracy", "chain",
    "baseline", "cost", "export", "candidates", "citations", "audit", "verdict", "checklist",
)  # fmt: skip


class Reader(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def page() -> str:
    return render(*example.darts())


def test_every_figure_is_there_twice_and_every_id_is_unique(page: str) -> None:
    ids = [attrs["id"] for _, attrs in Reader(page).tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for name in (*FIGURES, *TERM_FIGURES):
        assert {f"fig-{name}", f"fig-{name}-wide-title", f"fig-{name}-narrow-title"} <= set(ids)


def test_every_reference_inside_the_page_has_a_target(page: str) -> None:
    tags = Reader(page).tags
    ids = {attrs["id"] for _, attrs in tags if "id" in attrs}
    for _, attrs in tags:
        for name in ("href", "xlink:href", "data-copy", "aria-labelledby"):
            target = attrs.get(name)
            if target and not target.startswith(("http", "data:")):
                assert target.removeprefix("#") in ids, (name, target)
    assert set(re.findall(r"url\(#([^)]+)\)", page)) <= ids


def test_nothing_is_loaded_from_anywhere(page: str) -> None:
    for tag, attrs in Reader(page).tags:
        assert tag not in ("img", "iframe", "object", "embed", "base", "audio", "video")
        assert "src" not in attrs
        if tag == "link":
            assert attrs["href"] == "data:,"
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def test_figures_follow_the_theme_and_carry_no_date(page: str) -> None:
    drawings = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert len(drawings) == 2 * len(FIGURES + TERM_FIGURES)
    for svg in drawings:
        assert not re.search(r"#[0-9a-f]{6}\b", svg)
        assert "<style" not in svg
        assert "<metadata" not in svg
        assert svg.count("<title") == 1


def test_numbers_of_the_headline(page: str) -> None:
    text = re.sub(r"\s+", " ", "".join(Reader(page).text))
    for said in (
        "97.4 %",
        "± 0.3 over 3 seeds",
        "312 thousand",
        "not shown to be better than random",
        "32 min 14 s",
        "The search is 0.3 points better than random search at equal cost",
        "relative error of 0.980 (cosine 0.21)",
        "from 93.0 % to 94.3 %: +1.3 points",
        "6 of the 16 chosen operations (37.5 %) have no parameters",
        "9 of 11 practices are followed",
    ):
        assert said in text
    assert "Everything that this page can show was measured." in text


def test_gates_and_drawing_call_nodes_alike(page: str) -> None:
    text = "".join(Reader(page).text)
    assert "cₖ₋₂ → 2" in text
    assert "4 → 5" in text
    assert "→ 0" not in text


def test_one_random_architecture_has_no_average() -> None:
    findings, _, _ = example.nb201()
    block = {**findings["baseline"], "n": 1, "mean": 0.9, "sd": 0.0}
    text = re.sub(r"\s+", " ", "".join(Reader(render({"baseline": block}, [], [])).text))
    assert "The random architecture reaches 90.0 %." in text
    assert "on average" not in text


def test_the_same_values_give_the_same_page() -> None:
    assert render(*example.nb201()) == render(*example.nb201())


def test_the_same_page_comes_from_another_process_with_other_settings(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("font.size: 30\nsvg.fonttype: path\nlines.linewidth: 9\n")
    code = (
        "import sys; sys.path[:0] = sys.argv[1:];"
        "from report import example; from gapless.report import render;"
        "import hashlib; print(hashlib.sha256(render(*example.nb201()).encode()).hexdigest())"
    )
    places = [os.path.dirname(os.path.dirname(__file__))]
    settings = {
        **os.environ,
        "PYTHONHASHSEED": "7",
        "MATPLOTLIBRC": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, "-c", code, *places], capture_output=True, text=True, env=settings, check=True
    )
    assert done.stdout.strip() == hashlib.sha256(render(*example.nb201()).encode()).hexdigest()


def test_names_are_shown_and_never_run() -> None:
    plain, spoilt = Reader(render(*example.darts())), Reader(render(*hostile()))
    kinds = {tag for tag, _ in plain.tags}
    assert {tag for tag, _ in spoilt.tags} <= kinds
    assert [tag for tag, _ in spoilt.tags].count("script") == 1
    for _, attrs in spoilt.tags:
        assert not any(name.startswith("on") for name in attrs)
        assert not (attrs.get("href") or "").lower().startswith("javascript")
    assert NAME in "".join(spoilt.text)


@pytest.mark.parametrize("block", BLOCKS)
def test_one_absent_block_leaves_a_whole_page(block: str) -> None:
    findings, trace, _ = example.nb201()
    findings.pop(block, None)
    text = "".join(Reader(render(findings, trace[:2], [])).text)
    assert "What was not measured" in text
    assert "gapless" in text


@pytest.mark.parametrize("wrong", [None, [], {}, "text", 3, float("nan"), [None], {"values": None}])
def test_a_block_of_the_wrong_kind_is_taken_as_absent(wrong: Any) -> None:
    page = render(dict.fromkeys(BLOCKS, wrong), [], [])
    assert "has not been trained alone" in page


def test_an_empty_page_names_every_figure_and_what_would_measure_it() -> None:
    page = render({}, [], [])
    for name in FIGURES:
        assert page.count(f'id="fig-{name}"') == 1
    for name in NAMES:
        absent = rf'<div id="term-{name}">\s*<p class="absent">([^<]+) To measure it:'
        (said,) = re.findall(absent, page)
        assert said.endswith(".")
    for command in (
        "gapless retrain DIR", "gapless audit DIR", "gapless audit DIR --deployed 4",
        "gapless export DIR --onnx model.onnx",
    ):  # fmt: skip
        assert command in page
    assert "This run has not finished" in page


def test_nothing_heavy_is_imported_before_a_page_is_drawn() -> None:
    heavy = "('matplotlib', 'torch', 'jinja2')"
    code = f"import sys, gapless.report; print([name for name in {heavy} if name in sys.modules])"
    settings = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=settings, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_reference_by_its_number_is_a_link_and_authors_are_a_list() -> None:
    reference = {"authors": "A One and B Two", "arxiv": "1806.09055", "code": "x/y"}
    page = render({"method": {"reference": reference}}, [], [])
    assert 'href="https://arxiv.org/abs/1806.09055"' in page
    assert "A One, B Two." in page


def test_a_chain_says_that_it_rests_on_one_training_each() -> None:
    levels = [{"name": name, "accuracy": 0.9} for name in ("a2", "a3", "a4")]
    page = render({"chain": levels}, [], [])
    assert "a3 and a4: one training each, which another seed may move farther." in page


def test_a_chain_that_changes_nothing_says_so() -> None:
    page = render({"chain": [{"name": name, "accuracy": 0.1} for name in ("a0", "a1")]}, [], [])
    assert "No step changes the accuracy" in page


@pytest.mark.parametrize("layers", [8, 21])
def test_chains_of_every_length_are_drawn(layers: int) -> None:
    findings, _, _ = example.chain(layers)
    page = render({"drawing": findings["drawing"]}, [], [])
    assert f">{layers}</text>" in page
    assert f">{layers + 1}</text>" not in page
