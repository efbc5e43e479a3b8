"""``docs/explorers.md``: explorers of discrete architectures on the table of NAS-Bench-201.

    python -m benchmarks.explorers [--seeds 200] [--only NAME ...] [--data DIR] [--processes 2]

A search sees the accuracy of 12 epochs on the validation images of CIFAR-10 and is told by the test accuracy
of 200 epochs of what it found best. What was measured is kept in ``benchmarks/explorers.json``, search by
search; what is there is not done again.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

import gapless.explore
import gapless.spaces
from benchmarks import random_search
from benchmarks.value import value
from gapless.core import Streams
from gapless.core.files import beside
from gapless.core.record import Record
from gapless.evaluate.table import Table, rows
from gapless.study import explorers
from gapless.study.loop import explored

HERE = Path(__file__).parent
STORED, DOCUMENT = HERE / "explorers.json", HERE.parent / "docs" / "explorers.md"
DATA = HERE.parents[1] / "shared" / "data"
Results = dict[str, Any]

SEEDS = 200
BUDGETS = {"random": (50, 100, 200, 500)}
USUAL = (100, 200)
TOGETHER = 10
"""Architectures that are asked for at once at most."""
FRONTS = ("nsga2", "random")
FRONT = 500
OPTUNA = ("optuna:tpe",)


@lru_cache(maxsize=1)
def table(folder: Path) -> Table:
    """Reward and report of all 15,625 architectures."""
    columns = {"accuracy": "c10_val_12", "report": "c10_test_200"}
    file = str(folder / "nb201.csv.gz")
    return Table(gapless.spaces.get("nb201"), file, rows(file, {"arch": "arch", **columns}))


@lru_cache(maxsize=1)
def measured(folder: Path) -> Table:
    """Test accuracy and latency on a Raspberry Pi 4, in ms, of all architectures."""
    space: Any = gapless.spaces.get("nb201")
    accuracy = rows(str(folder / "nb201.csv.gz"), {"arch": "index", "accuracy": "c10_test_200"})
    columns = {"arch": "index", "latency": "hw_c10_raspi4_latency"}
    latency = rows(str(folder / "nb201_latency.csv.gz"), columns)
    joined = {space.text(space.from_index(int(i))): {**accuracy[i], **latency[i]} for i in accuracy}
    return Table(space, "latency", joined)


def search(name: str, seed: int, folder: Path) -> Results:
    """What is found after each budget, told by the report, in %."""
    budgets, space = BUDGETS.get(name, USUAL), gapless.spaces.get("nb201").choices
    explorer = explorers.get(name)
    if explorers.objectives(explorer) != ("accuracy",):
        explorer = explorers.get(name, {"objectives": ("accuracy",)})
    start = time.process_time()
    records = explored(explorer, space, table(folder), max(budgets), Streams(seed), TOGETHER)
    found = {str(n): 100 * best(records[:n]).metrics["report"] for n in budgets}
    return {"found": found, "seconds": time.process_time() - start}


def best(records: Sequence[Record]) -> Record:
    """The first with the greatest reward."""
    return max(records, key=lambda record: record.metrics["accuracy"])


def trade_off(name: str, seed: int, folder: Path) -> Results:
    """Hypervolume of what 500 evaluations found, as a share of that of all architectures."""
    data, space = measured(folder), gapless.spaces.get("nb201").choices
    settings = {} if name == "random" else {"objectives": ("accuracy", "latency")}
    explorer = explorers.get(name, settings)
    start = time.process_time()
    records = explored(explorer, space, data, FRONT, Streams(seed), TOGETHER)
    pairs = [(r.metrics["accuracy"], r.cost["latency"]) for r in records]
    everything = [(row["accuracy"], row["latency"]) for row in data.rows.values()]
    worst = min(a for a, _ in everything), max(t for _, t in everything)
    share = hypervolume(pairs, worst) / hypervolume(everything, worst)
    return {"share": share, "seconds": time.process_time() - start}


def exact(folder: Path) -> dict[str, Results]:
    """What random search must find after each of its budgets, told by the report, in %."""
    numbers = table(folder).rows.values()
    seen, report = (np.array([row[name] for row in numbers]) for name in ("accuracy", "report"))
    found = {n: random_search.found(seen, 100 * report, n) for n in BUDGETS["random"]}
    return {str(n): {"mean": mean, "deviation": deviation} for n, (mean, deviation) in found.items()}


def hypervolume(pairs: Sequence[tuple[float, float]], worst: tuple[float, float]) -> float:
    """The area that (accuracy, latency) pairs dominate, as far as the worst accuracy and latency."""
    area, top = 0.0, worst[0]
    for accuracy, latency in sorted(pairs, key=lambda pair: (pair[1], -pair[0])):
        if accuracy > top:
            area += (accuracy - top) * (worst[1] - latency)
            top = accuracy
    return area


PARTS = {"search": search, "front": trade_off}


def wanted(seeds: int, only: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    """Part, explorer and seed of everything that can be measured, seed by seed."""
    names = [name for name in (*gapless.explore.names(), *OPTUNA) if not only or name in only]
    for seed in range(seeds):
        yield from (("search", name, seed) for name in names)
        yield from (("front", name, seed) for name in FRONTS if name in names)


# -- the document ---------------------------------------------------------------------------------

HEAD = """# Explorers on NAS-Bench-201

Written by `python -m benchmarks.explorers` from `benchmarks/explorers.json`; do not edit.

A search sees accuracy on validation images after 12 epochs (CIFAR-10) and is judged by the test accuracy
after 200 epochs, in %, of the architecture that it saw best. The optimum is 94.37. `+-` is half of the 95 %
interval of the mean over seeds.
"""


def text(stored: Mapping[str, Mapping[str, Mapping[str, Results]]]) -> str:
    """The document."""
    found = stored.get("search", {})
    lines = [HEAD, *_random(found, stored.get("exact", {}).get("random", {})), *_searches(found)]
    return "\n".join([*lines, *_fronts(stored.get("front", {}))]).rstrip() + "\n"


def _found(runs: Mapping[str, Results], n: int) -> list[float]:
    return [run["found"][str(n)] for run in runs.values() if str(n) in run["found"]]


def _random(found: Mapping[str, Mapping[str, Results]], must: Mapping[str, Results]) -> list[str]:
    runs = found.get("random", {})
    if not runs or not must:
        return []
    lines = [
        "## Random search against what it must be", "",
        f"Over {len(runs)} seeds; exact values follow from the table by order statistics. z is the "
        "difference in standard errors.", "",
        "| evaluations | measured | exact | z |", "|---|---|---|---|",
    ]  # fmt: skip
    for n in BUDGETS["random"]:
        values, mean, deviation = _found(runs, n), must[str(n)]["mean"], must[str(n)]["deviation"]
        z = (float(np.mean(values)) - mean) / (deviation / math.sqrt(len(values)))
        lines.append(f"| {n} | {value(values, digits=3)} | {mean:.3f} | {z:+.2f} |")
    return [*lines, ""]


def _searches(found: Mapping[str, Mapping[str, Results]]) -> list[str]:
    from scipy.stats import mannwhitneyu

    if not found:
        return []
    last = USUAL[-1]
    ranked = sorted(found, key=lambda name: -fmean(_found(found[name], last)))
    lines = [
        "## All explorers", "",
        f"Asked for at most {TOGETHER} at once. CPU seconds are of a whole search.", "",
        "| explorer | seeds | " + " | ".join(f"{n} evaluations" for n in USUAL) + " | CPU s |",
        "|---" * (len(USUAL) + 3) + "|",
    ]  # fmt: skip
    for name in ranked:
        cells = [value(_found(found[name], n), digits=3) for n in USUAL]
        seconds = float(np.median([run["seconds"] for run in found[name].values()]))
        lines.append(f"| `{name}` | {len(found[name])} | {' | '.join(cells)} | {seconds:.2g} |")
    lines.append("")
    for n in USUAL:
        first = max(found, key=lambda name: fmean(_found(found[name], n)))
        for rival in (name for name in ("aging-evolution", "random") if name in found and name != first):
            ours, theirs = _found(found[first], n), _found(found[rival], n)
            p = float(mannwhitneyu(ours, theirs, alternative="two-sided").pvalue)
            lines.append(
                f"- `{first}` against `{rival}` after {n} evaluations: p = {p:.2g} (Mann-Whitney, two-sided)."
            )
    return [*lines, ""]


def _fronts(found: Mapping[str, Mapping[str, Results]]) -> list[str]:
    if not found:
        return []
    lines = [
        "## Accuracy and latency", "",
        f"Test accuracy against latency on a Raspberry Pi 4 after {FRONT} evaluations: the area that the "
        "front dominates, as a share of that of all architectures; from the worst accuracy and latency.", "",
        "| explorer | seeds | share of the area, % |", "|---|---|---|",
    ]  # fmt: skip
    for name, runs in found.items():
        shares = [100 * run["share"] for run in runs.values()]
        lines.append(f"| `{name}` | {len(runs)} | {value(shares, digits=2)} |")
    return [*lines, ""]


def _work(errand: tuple[str, str, int, Path]) -> tuple[str, str, int, Results]:
    part, name, seed, folder = errand
    return part, name, seed, PARTS[part](name, seed, folder)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures what is missing, and writes the document anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--to", type=Path, default=STORED)
    parser.add_argument("--document", type=Path, default=DOCUMENT)
    asked = parser.parse_args(arguments)
    stored: dict[str, dict[str, dict[str, Results]]] = {}
    if asked.to.exists():
        stored = json.loads(asked.to.read_text())
    todo = [
        (*one, asked.data) for one in wanted(asked.seeds, asked.only)
        if str(one[2]) not in stored.get(one[0], {}).get(one[1], {})
    ]  # fmt: skip
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    stored["exact"] = {"random": exact(asked.data)}
    context, last = multiprocessing.get_context("spawn"), time.monotonic()
    with context.Pool(asked.processes) as pool, Progress(*columns) as bar:
        task = bar.add_task("searches", total=len(todo))
        for part, name, seed, found in pool.imap(_work, todo, chunksize=4):
            stored.setdefault(part, {}).setdefault(name, {})[str(seed)] = found
            bar.advance(task)
            if time.monotonic() - last > 20:
                _write(asked.to, json.dumps(stored) + "\n")
                last = time.monotonic()
    _write(asked.to, json.dumps(stored) + "\n")
    _write(asked.document, text(stored))


def _write(path: Path, content: str) -> None:
    with beside(path) as place:
        place.write_text(content)


if __name__ == "__main__":
    main()
