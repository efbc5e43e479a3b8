"""``docs/everywhere.md``: every method from the first step to the ONNX file, in every space that accepts it.

    python -m benchmarks.everywhere [--spaces NAME ...] [--methods NAME ...]

On 120 of the embedded digits, in small shapes, 2 epochs of search (or one a stage) and 1 of training: that
it runs and ends in a checked network, not how good the network is. What was run is kept in
``benchmarks/everywhere.json``; what is there is not done again.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

import gapless
import gapless.methods
import gapless.spaces
from gapless.core.files import beside
from gapless.engine.check import conflicts
from gapless.nets.cell import Cell
from gapless.nets.gate import Gate
from gapless.spaces.contract import shares

HERE = Path(__file__).parent
STORED, DOCUMENT = HERE / "everywhere.json", HERE.parent / "docs" / "everywhere.md"
SPACES = tuple(name for name in gapless.spaces.names() if shares(gapless.spaces.get(name)))
EVALUATIONS = 6
Results = dict[str, Any]


@dataclass
class Taken:
    """How many forwards of cells were asked for, and how many of them took a fast path."""

    cells: int = 0
    fast: int = 0


@contextmanager
def counting() -> Iterator[Taken]:
    """Within, forwards of cells are counted."""
    taken, own = Taken(), Cell._fast
    forward = Cell.forward

    def counted(self: Cell, s0: torch.Tensor, s1: torch.Tensor, gate: Gate | None) -> torch.Tensor | None:
        out = own(self, s0, s1, gate)
        taken.fast += out is not None
        return out

    def called(self: Cell, *arguments: Any, **named: Any) -> torch.Tensor:
        taken.cells += 1
        return forward(self, *arguments, **named)

    Cell._fast, Cell.forward = counted, called  # type: ignore[method-assign]
    try:
        yield taken
    finally:
        Cell._fast, Cell.forward = own, forward  # type: ignore[method-assign]


def settings(method: str, space: str) -> dict[str, Any]:
    """The smallest shapes in which a search has all that it has in large ones."""
    recipe = gapless.methods.get(method, "quick")
    found: dict[str, Any] = {
        "data.limit": 120, "batch": 16, "training.epochs": 1, "search.channels": 4, "deploy.channels": 4,
    }  # fmt: skip
    if gapless.spaces.get(space).presets["quick"].search.depth:
        depth = 1 if space == "nb201" else 2
        found |= {"search.depth": depth, "deploy.depth": depth}
    if recipe.select.evaluations > EVALUATIONS:
        found["select.evaluations"] = EVALUATIONS
    return found


def refused(method: str, space: str) -> str:
    """Why a method does not run on a space; empty where it does."""
    return next(iter(conflicts(gapless.methods.get(method, "quick"), gapless.spaces.get(space))), "")


def whole(method: str, space: str) -> Results:
    """One search with all that follows it."""
    epochs = max(2, len(gapless.methods.get(method, "quick").stages))
    with TemporaryDirectory() as folder, counting() as taken:
        found = gapless.search(
            space, "digits", method, run=Path(folder) / "run", epochs=epochs, archs=1, seeds=1,
            settings=settings(method, space),
        )  # fmt: skip
        findings, score = found.findings, found.score
    return {
        "score": score, "cells": taken.cells, "fast": taken.fast,
        "onnx": findings["export"]["relative_error"],
    }  # fmt: skip


HEAD = """# Every method in every space

Written by `python -m benchmarks.everywhere` from `benchmarks/everywhere.json`; do not edit.

120 of the embedded digits, smallest shapes, 2 epochs of search (or one a stage), 1 of training: each entry
is a whole job that ended with a trained network and a checked ONNX file. Its number is the test accuracy in
%, which after so little says nothing about the method. The last column is the share of the forwards of cells
that took a fast path, search and trainings together. Below: why a method refuses a space.
"""


def text(stored: Mapping[str, Mapping[str, Results]]) -> str:
    """The document."""
    spaces = SPACES
    lines = [HEAD, "| method | " + " | ".join(f"`{s}`" for s in spaces) + " | fast cells, % |"]
    lines.append("|---" * (len(spaces) + 2) + "|")
    reasons: dict[str, list[str]] = {}
    for method in gapless.methods.names():
        cells, runs = [], []
        for space in spaces:
            if reason := refused(method, space):
                reasons.setdefault(reason, []).append(f"`{method}` on `{space}`")
                cells.append("refused")
            elif run := stored.get(method, {}).get(space):
                runs.append(run)
                cells.append(f"{100 * run['score']:.0f}")
            else:
                cells.append("not run")
        asked = sum(run["cells"] for run in runs)
        share = f"{100 * sum(run['fast'] for run in runs) / asked:.0f}" if asked else ""
        lines.append(f"| `{method}` | {' | '.join((*cells, share))} |")
    lines += ["", "## Refused", "", *(f"- {why}: {', '.join(who)}" for why, who in reasons.items())]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spaces", nargs="+", default=SPACES, choices=gapless.spaces.names())
    parser.add_argument("--methods", nargs="+", default=gapless.methods.names())
    asked = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):  # on one processor trainings stay in this process
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    found: Results = json.loads(STORED.read_text()) if STORED.exists() else {}
    todo = [
        (method, space) for method in asked.methods for space in asked.spaces
        if space not in found.get(method, {}) and not refused(method, space)
    ]  # fmt: skip
    with Progress("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()) as bar:
        task = bar.add_task("", total=len(todo))
        for method, space in todo:
            bar.update(task, description=f"{method} on {space}")
            found.setdefault(method, {})[space] = whole(method, space)
            with beside(STORED) as path:
                path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
            bar.advance(task)
    with beside(DOCUMENT) as path:
        path.write_text(text(found))


if __name__ == "__main__":
    main()
