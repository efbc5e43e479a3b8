"""Predictors and explorers that learn, on the table of NAS-Bench-201.

    python -m benchmarks.predictors TABLE.csv.gz [--seeds 20] [--searches 200] [--only NAME ...]

TABLE has a row an architecture with its official string in column ``arch``. A predictor is fitted to N
random architectures and its Kendall tau-b with ``c10_test_200`` taken over 1,000 others; an explorer sees
``c10_val_12`` of 100 architectures, and the best of them is reported by ``c10_test_200``, in percent. What
was measured is kept in ``benchmarks/predictors.json``; what is there is not done again.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from gapless import explore
from gapless.core import Streams
from gapless.core.files import beside
from gapless.core.record import Record
from gapless.evaluate import predictor as predictors
from gapless.evaluate.predictor.contract import Predictor, features, fitted
from gapless.evaluate.predictor.gcn import Gcn
from gapless.evaluate.predictor.held_out import tau
from gapless.evaluate.predictor.normal_scores import normal_scores
from gapless.explore.contract import Explorer
from gapless.spaces.nb201 import Nb201

HERE = Path(__file__).parent
STORED = HERE / "predictors.json"
SIZES = (50, 100, 200)
OTHERS = 1000
TRIALS = 100
LEARN = ("filtered", "lanas", "pnas", "predictor-guided")
SPACE = Nb201()
Table = dict[str, tuple[float, float]]


def read(path: Path) -> Table:
    """Official string to accuracies in percent: validation after 12 epochs, test after 200."""
    with gzip.open(path, "rt", newline="") as file:
        rows = csv.DictReader(file)
        return {row["arch"]: (float(row["c10_val_12"]), float(row["c10_test_200"])) for row in rows}


def agreement(predictor: Predictor, size: int, table: Table, seed: int) -> float:
    """Kendall's tau-b with what was not fitted to."""
    rng = Streams(seed).generator("predictors", size)
    archs = [SPACE.choices.at(int(i)) for i in rng.permutation(SPACE.size())[: size + OTHERS]]
    y = np.array([table[SPACE.text(arch)][1] for arch in archs])
    x = features(predictor, SPACE.choices, archs)
    return tau(fitted(predictor, x[:size], normal_scores(y[:size])).predict(x[size:]), y[size:])


def found(explorer: Explorer, table: Table, seed: int) -> float:
    """Test accuracy in percent of the architecture with the best validation accuracy."""
    history: list[Record] = []
    while len(history) < TRIALS:
        rng = Streams(seed).generator("explore", len(history))
        for arch in explorer.ask(tuple(history), SPACE.choices, rng, TRIALS - len(history)):
            val, test = table[SPACE.text(arch)]
            history.append(Record(arch, {"accuracy": val / 100, "test": test}))
    return max(history, key=lambda record: record.metrics["accuracy"]).metrics["test"]


def measured(one: Callable[[int], float], seeds: int) -> dict[str, Any]:
    """A value for each seed, their mean and standard deviation, and the seconds of processor time for one."""
    start = time.process_time()
    values = [one(seed) for seed in range(seeds)]
    seconds = (time.process_time() - start) / seeds
    return {
        "mean": float(np.mean(values)),
        "sd": float(np.std(values, ddof=1)),
        "seconds": seconds,
        "values": values,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table", type=Path)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--searches", type=int, default=200)
    parser.add_argument("--only", nargs="*", help="names of predictors and explorers")
    asked = parser.parse_args()
    table = read(asked.table)
    fits: dict[str, Predictor] = {name: predictors.get(name) for name in predictors.names()}
    fits["gcn (drawing)"] = Gcn(drawing=SPACE.drawing)
    work: dict[str, tuple[Callable[[int], float], int]] = {}
    for name, one in fits.items():
        for size in SIZES:
            work[f"{name} {size}"] = (
                lambda s, one=one, size=size: agreement(one, size, table, s),
                asked.seeds,
            )
    for name in LEARN:
        work[name] = (lambda s, name=name: found(explore.get(name), table, s), asked.searches)
    results = json.loads(STORED.read_text()) if STORED.exists() else {}
    for key, (one_seed, seeds) in work.items():
        wanted = not asked.only or key in asked.only or key.rpartition(" ")[0] in asked.only
        if wanted and len(results.get(key, {"values": ()})["values"]) != seeds:
            results[key] = measured(one_seed, seeds)
            with beside(STORED) as new:
                new.write_text(json.dumps(results, indent=1))
        if key in results:
            row = results[key]
            spread = f"sd {row['sd']:.4f}  {row['seconds']:.2f} s, {len(row['values'])} seeds"
            print(f"{key:24} {row['mean']:9.4f}  {spread}")


if __name__ == "__main__":
    main()
