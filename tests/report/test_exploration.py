"""The page of an exploration as text."""

from __future__ import annotations

import re
from typing import Any

import pytest

import gapless.spaces
from gapless.report.exploration import render
from gapless.report.folder import write

from .test_page import Reader

SPACE = gapless.spaces.get("nb201")
ARCH = SPACE.choices.at(77)


def findings(rows: int = 40) -> dict[str, Any]:
    return {
        "version": 1, "kind": "explore", "finished": True, "trials": rows, "seconds": 12.5, "failed": 1,
        "question": {"space": "nb201", "explorer": "genetic", "evaluator": "table:t.csv", "trials": rows,
                     "seed": 0, "limits": ["params=1M"], "sentence": "Which?"},
        "command": "gapless explore --run a", "environment": {"gapless": "0", "cpu": "<b>one</b>"},
        "architecture": {"text": SPACE.text(ARCH), "key": ARCH.key, "json": ARCH.to_json()},
        "drawing": {"panels": SPACE.drawing(ARCH)},
        "best": {"accuracy": 0.9, "report": 0.88, "cost": {"macs": 1e6}},
        "curve": [[1, 0.5], [7, 0.9]],
        "candidates": [
            {"number": i + 1, "key": "k", "accuracy": 0.5 + i / 100, "macs": 1e6 * (i + 1),
             "la<tency": 2.0 + i, "chosen": i == rows - 1}
            for i in range(rows)
        ],
    }  # fmt: skip


@pytest.mark.parametrize("rows", [1, 40])
def test_figures_and_numbers(rows: int) -> None:
    page = render(findings(rows))
    reader = Reader(page)
    ids = [attrs["id"] for _, attrs in reader.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {"fig-architecture", "fig-curve"} <= set(ids)
    assert ("fig-cost-macs" in ids) == ("fig-cost-la-tency" in ids) == (rows > 1)
    text = " ".join(reader.text)
    told = ("90.0", "88.0", "params=1M", "12", "1 gave no number", "gapless explore --run a", "<b>one</b>")
    for words in told:
        assert words in text, words
    assert not re.search(r'(?:src|href)="https?:', page)
    assert page == render(findings(rows)), "the same page for the same values"


@pytest.mark.parametrize("left_out", [*findings(), "everything"])
def test_what_was_not_measured_is_left_out(left_out: str) -> None:
    found = {name: value for name, value in findings(3).items() if left_out not in (name, "everything")}
    assert "</html>" in render(found)


@pytest.mark.parametrize("value", [None, "text", 3, [[1], None, ["a", "b"]], {"accuracy": "x"}])
def test_hostile_values(value: Any) -> None:
    names = ("question", "best", "curve", "candidates", "drawing", "environment", "trials", "seconds")
    assert "</html>" in render({**findings(3), **dict.fromkeys(names, value)})
    assert "</html>" in render({**findings(3), "candidates": value})


def test_a_run_folder_gets_this_page(tmp_path: Any) -> None:
    import json

    (tmp_path / "findings.json").write_text(json.dumps(findings(3)))
    assert "Gapless exploration" in write(tmp_path).read_text()
