"""``docs/chains.md``: SPOS and FairNAS on a chain, with evolution under a limit on MACs, from images to ONNX.

    python -m benchmarks.chains FOLDER [--epochs 6] [--evaluations 120]

FOLDER holds images as ``folder:`` takes them; the document is of the CIFAR-10 subset. What was measured is
kept in ``benchmarks/chains.json``, method by method; what is there is not done again.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import gapless
import gapless.spaces
from gapless.core import Streams
from gapless.core.files import beside
from gapless.data.shape import ImageShape
from gapless.evaluate.inherited import Inherited
from gapless.job.interrupt import Stopper
from gapless.job.job import reopened
from gapless.job.show import Bars
from gapless.job.work import Work
from gapless.measure.candidates import cost

HERE = Path(__file__).parent
STORED, DOCUMENT = HERE / "chains.json", HERE.parent / "docs" / "chains.md"
METHODS = ("spos", "fairnas")
COMPARED, ROUNDS, IMAGES, TRAINING = 48, 3, 10_000, 2
Results = dict[str, Any]


def limit(draws: int = 200) -> int:
    """The median MACs of random architectures of the chain, in the shape for use on 32x32 images."""
    space = gapless.spaces.get("chain")
    shape, rng = space.presets["quick"].deploy, Streams(0).generator("limit")
    archs = [space.choices.sample(rng) for _ in range(draws)]
    return round(median(cost(space, arch, shape, ImageShape(3, 32, 32, 10)).macs for arch in archs))


def measured(method: str, folder: str, epochs: int, evaluations: int) -> Results:
    """One job, and its candidates scored once more: by common beginnings, and one by one."""
    most = limit()
    settings: dict[str, Any] = {
        "data.limit": IMAGES, "select.evaluations": evaluations, "training.epochs": TRAINING,
        "select.evaluator.batches": 4,
    }  # fmt: skip
    if method == "fairnas":  # as many paths as an epoch of one path a step has
        epochs = max(1, round(epochs / len(gapless.spaces.get("chain").choices.choices[0].options)))
    if method == "spos":
        settings |= {
            "select.explorer.population": 40, "select.explorer.parents": 10,
            "select.explorer.mutations": 16, "select.explorer.crossovers": 16,
        }  # fmt: skip
    with TemporaryDirectory() as place:
        run = Path(place) / "run"
        found = gapless.search(
            "chain", f"folder:{folder}", method, run=run, epochs=epochs, settings=settings, archs=1, seeds=1,
            limits={"macs": most}, progress=True,
        )  # fmt: skip
        findings, planned_and_folder = found.findings, reopened(run)
        search = Work(*planned_and_folder, Bars(), Stopper()).run()
        archs = [record.arch for record in search.history][-COMPARED:]
        streams = search.streams_of_run.child("recalibrate")
        given = (search.net_shape, search.data, search.device, streams)
        evaluator: Inherited = search.recipe.select.evaluator  # type: ignore[attr-defined]
        seconds: dict[str, list[float]] = {"together": [], "alone": []}
        for _ in range(ROUNDS):
            start = time.perf_counter()
            together = evaluator.scores(search.space, search.net, archs, *given)
            middle = time.perf_counter()
            alone = [evaluator.score(search.space, search.net, arch, *given) for arch in archs]
            seconds["together"].append(middle - start)
            seconds["alone"].append(time.perf_counter() - middle)
    candidates = findings["candidates"]
    return {
        "limit": most, "candidates": len(candidates), "epochs": epochs,
        "most": max(c["macs"] for c in candidates), "macs": findings["cost"]["macs"],
        "text": findings["architecture"]["text"], "seconds": findings["cost"]["search_seconds"],
        "chain": {rung["name"]: rung["accuracy"] for rung in findings["chain"]},
        "test": findings["accuracy"]["test"]["values"], "images": findings["accuracy"]["test"]["n_images"],
        "random": [row["accuracy"] for row in findings["baseline"]["archs"]],
        "onnx": findings["export"]["relative_error"], "scoring": seconds,
        "apart": max(
            abs(a.metrics["loss"] - b.metrics["loss"]) for a, b in zip(together, alone, strict=True)
        ),
    }  # fmt: skip


HEAD = """# Evolution on a chain, under a limit on MACs

Written by `python -m benchmarks.chains FOLDER` from `benchmarks/chains.json`; do not edit.

The `chain` space on 10,000 images of the CIFAR-10 subset, 4,500 of them for the weights of the search; quick
preset, far from converged: {epochs} epochs of search for SPOS, as many paths for FairNAS, {training} epochs
of training; one seed. No candidate and no found network may cost more than {limit:,} MACs, the median of
random architectures.
"""
TABLE = (
    "| method | candidates | most of their MACs, search shape | MACs found, for use | a1, % | a2, % | a3, % "
    "| test, % | random, % | ONNX off by |",
    "|---|---|---|---|---|---|---|---|---|---|",
)


def text(stored: Mapping[str, Results]) -> str:
    """The document."""
    first = next(iter(stored.values()))
    lines = [
        HEAD.format(epochs=first["epochs"], limit=first["limit"], training=TRAINING).rstrip("\n"),
        "",
        *TABLE,
    ]
    for method, run in stored.items():
        a1, a2, a3 = (f"{100 * run['chain'][name]:.1f}" for name in ("a1", "a2", "a3"))
        tests, others = (", ".join(f"{100 * v:.1f}" for v in run[name]) for name in ("test", "random"))
        lines.append(
            f"| `{method}` | {run['candidates']} | {run['most']:,} | {run['macs']:,} | {a1} | {a2} | {a3} | "
            f"{tests} | {others} | {run['onnx']:.0e} |"
        )
    lines += [
        "", "The random architecture of the baseline is not held to the limit.", "",
        f"The last {COMPARED} candidates of each evolution scored once more by its super-network, with",
        "statistics recomputed: one by one, and by their common beginnings; medians of "
        f"{ROUNDS} interleaved rounds, on one core that tests shared at times.", "",
        "| method | together, s | one by one, s | gain | losses apart by at most |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for method, run in stored.items():
        together, alone = (median(run["scoring"][name]) for name in ("together", "alone"))
        lines.append(
            f"| `{method}` | {together:.1f} | {alone:.1f} | {alone / together:.1f}x | {run['apart']:.0e} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--evaluations", type=int, default=120)
    asked = parser.parse_args()
    found: Results = json.loads(STORED.read_text()) if STORED.exists() else {}
    for method in METHODS:
        if method not in found:
            found[method] = measured(method, asked.folder, asked.epochs, asked.evaluations)
            with beside(STORED) as path:
                path.write_text(json.dumps(found, indent=1) + "\n")
    with beside(DOCUMENT) as path:
        path.write_text(text(found))


if __name__ == "__main__":
    main()
