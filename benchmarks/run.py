"""All measurements: ``python -m benchmarks.run [--quick] [--only NAME ...]``.

Every number is taken in a process of its own, one process at a time, and the ways that are compared take
turns; a ratio is the median over rounds of the ratio within a round, with its least and its greatest.
Results go to ``benchmarks/results.json``, the tables to ``docs/performance.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median
from typing import Any

import torch
from rich.progress import Progress, SpinnerColumn, TimeElapsedColumn

from benchmarks import table
from benchmarks.steps import CONFIGS, KINDS, PATHS, Config
from gapless.core.files import beside
from gapless.nets.native import load

HERE = Path(__file__).parent
THREADS = 2
ALPHA = ("plain", "channels_last", "fast")
Results = dict[str, Any]


def measured(*command: str, threads: int = THREADS) -> Results:
    """The JSON that ``python -m benchmarks.COMMAND`` prints."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=HERE.parent, env=environment, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.strip()[-2000:]}")
    found: Results = json.loads(done.stdout.splitlines()[-1])
    return found


def in_turns(ways: Sequence[str], rounds: int, one: Callable[[str], Results]) -> dict[str, Results]:
    """Every way once a round; times, peaks, and ratios to the first way."""
    taken: dict[str, list[Results]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            taken[way].append(one(way))
    found = {}
    for way in ways:
        seconds = [median(run["seconds"]) for run in taken[way]]
        first = [median(run["seconds"]) for run in taken[ways[0]]]
        ratios = [base / own for base, own in zip(first, seconds, strict=True)]
        found[way] = {
            "seconds": median(seconds), "peak_mb": max(run.get("peak_mb", 0.0) for run in taken[way]),
            "ratio": median(ratios), "least": min(ratios), "greatest": max(ratios), "rounds": rounds,
            **{k: v for k, v in taken[way][0].items() if k not in ("seconds", "peak_mb")},
        }  # fmt: skip
    return found


ROUNDS = {"a": 3, "b": 3, "c": 3, "quick": 1}
REPEATS = {"a": 1, "b": 4, "c": 2, "quick": 2}


def super_network(name: str) -> Results:
    """Steps of one super-network along all paths."""
    kinds: Results = {}
    for kind in ("weight", "evaluation") if name == "quick" else KINDS:
        once = kind == "alpha2"
        rounds, repeats = ROUNDS[name], 1 if once else 5 if kind == "evaluation" else REPEATS[name]

        def one(way: str, kind: str = kind, repeats: int = repeats) -> Results:
            return measured("benchmarks.steps", name, way, kind, str(repeats))

        paths = ("plain", "fast") if name == "quick" else PATHS if kind in ("weight", "evaluation") else ALPHA
        kinds[kind] = in_turns(paths, max(1, rounds - once), one)
    checked = PATHS[3:] if name == "quick" else PATHS[2:]
    return {
        "config": CONFIGS[name].text(), "kinds": kinds,
        "parity": {path: measured("benchmarks.parity", name, path) for path in checked},
    }  # fmt: skip


def growth(quick: bool) -> Results:
    """How a weight step grows with each side of its problem."""
    base = Config(8, 4, 32, 16, 3)
    sweeps: dict[str, list[Config]] = {
        "channels": [replace(base, channels=c) for c in (4, 8, 16, 32)],
        "cells": [replace(base, cells=n) for n in (2, 4, 8)],
        "operations": [replace(base, operations=n) for n in (2, 4, 7)],
        "batch": [replace(base, batch=n) for n in (8, 32, 128)],
    }
    if quick:
        sweeps = {"batch": [Config(4, 2, 8, 8, 1)]}
    found: Results = {}
    for side, configs in sweeps.items():
        found[side] = []
        for config in configs:

            def one(way: str, given: str = json.dumps(asdict(config))) -> Results:
                return measured("benchmarks.steps", given, way, "weight", "3")

            found[side].append({"value": getattr(config, side), **in_turns(("plain", "fast"), 1, one)})
    return found


def populations(quick: bool) -> Results:
    """Scores of 50, 1,000 and all architectures of a chain."""
    found: Results = {}
    for n in (6,) if quick else (50, 1000, 6561):
        repeats = 2 if n == 50 else 0

        def one(way: str, n: int = n, repeats: int = repeats) -> Results:
            return measured("benchmarks.population", way, str(n), str(repeats), threads=1)

        found[str(n)] = in_turns(("single", "tree"), 1 if quick or n > 1000 else 3, one)
    return found


def trainings(quick: bool) -> Results:
    """The stand-alone trainings of a job: in one process of two threads, and by two workers of one."""
    found: Results = {}
    for space, epochs in ({"darts": 1} if quick else {"darts": 30, "nb201": 20}).items():

        def one(way: str, space: str = space, epochs: int = epochs) -> Results:
            return measured("benchmarks.trainings", space, way, "2" if quick else "6", str(epochs))

        found[space] = in_turns(("1 process of 2 threads", "2 workers"), 1 if quick else 2, one)
    return found


SEARCHED = {"darts": "darts", "darts-2nd": "darts", "random": "darts", "spos": "chain", "fairnas": "nb201"}


def searches(quick: bool) -> Results:
    """A short search of every method of `SEARCHED`, plain and fast."""
    found: Results = {}
    for method, space in (dict([*SEARCHED.items()][:1]) if quick else SEARCHED).items():

        def one(way: str, method: str = method, space: str = space) -> Results:
            return measured("benchmarks.searches", method, space, way)

        found[method] = {"space": space, **in_turns(("plain", "fast"), 1 if quick else 2, one)}
    return found


PARTS: dict[str, Callable[[bool], Results]] = {
    **{name: lambda _, name=name: super_network(name) for name in CONFIGS},  # type: ignore[misc]
    "growth": growth, "populations": populations, "trainings": trainings,
    "searches": searches,
}  # fmt: skip


def machine() -> Results:
    """What numbers depend on."""
    kernels = load()
    return {
        "processor": platform.processor() or platform.machine(), "cores": os.cpu_count(), "threads": THREADS,
        "instructions": kernels if isinstance(kernels, str) else kernels.instructions,
        "torch": torch.__version__, "python": platform.python_version(), "system": platform.system(),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the smallest of each, about a minute")
    parser.add_argument("--to", type=Path, help="the file for the results, in place of the project's own")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), help="some of the measurements")
    given = parser.parse_args()
    path = given.to or HERE / ("results-quick.json" if given.quick else "results.json")
    results: Results = json.loads(path.read_text()) if path.exists() and given.only else {}
    results["machine"] = machine()
    unwanted = ("a", "b", "c") if given.quick else ("quick",)
    names = given.only or [name for name in PARTS if name not in unwanted]
    with Progress(SpinnerColumn(), *Progress.get_default_columns(), TimeElapsedColumn()) as bar:
        task = bar.add_task("measuring", total=len(names))
        for name in names:
            bar.update(task, description=f"measuring {name}")
            results[name] = PARTS[name](given.quick)
            with beside(path) as part:
                part.write_text(json.dumps(results, indent=1) + "\n")
            bar.advance(task)
    text = table.text(results)
    if given.quick or given.to:
        print(text)
    else:
        with beside(HERE.parent / "docs" / "performance.md") as part:
            part.write_text(text)


if __name__ == "__main__":
    main()
