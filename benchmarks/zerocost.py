"""``docs/zerocost.md``: how zero-cost scores order the architectures of NAS-Bench-201.

    python -m benchmarks.zerocost SHARED     measures what is missing; stops and goes on where it was
    python -m benchmarks.zerocost            writes the document anew

SHARED is the folder with ``data/nb201.csv.gz`` and ``data/unpack_cifar10.py``. Results are stored in
``benchmarks/zerocost.json``, score by score. One thread; about 15 minutes of one core.
"""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gapless import data, spaces
from gapless.audit.ranking import spearman
from gapless.audit.resampling import Estimate, estimate
from gapless.core import Streams
from gapless.core.files import beside
from gapless.data import ImageShape
from gapless.evaluate import zerocost
from gapless.nets.seeded import seeded
from gapless.spaces.contract import Shape, subnet

DOCUMENT = Path(__file__).parents[1] / "docs" / "zerocost.md"
RESULTS = Path(__file__).with_name("zerocost.json")
ARCHS, BATCH, SHAPE = 200, 64, Shape(16, 3)
EVERY = 10
"""Architectures between two writes."""
SCORES = {
    name: zerocost.get(name)
    for name in (
        "params",
        "macs",
        "synflow",
        "jacob-cov",
        "naswot",
        "expressivity",
        "grad-norm",
        "snip",
        "fisher",
    )
} | {"zen": partial(zerocost.get("zen"), repeats=4), "grasp": zerocost.get("grasp")}
"""The slowest last."""
PUBLISHED = {
    "synflow": 0.737, "jacob-cov": 0.731, "grad-norm": 0.594, "snip": 0.596, "grasp": 0.514, "fisher": 0.36,
}  # fmt: skip

HEAD = """# Zero-cost scores against trained accuracy

Written by `python -m benchmarks.zerocost` from `benchmarks/zerocost.json`; do not edit.

{archs} architectures of `nb201`, drawn uniformly, {channels} channels and {depth} cells a stage (the
benchmark has 16 and 5), freshly initialised; one batch of {batch} images of CIFAR-10; `zen` over 4 draws
instead of 8. Spearman's rank correlation with the test accuracy after 200 epochs in NAS-Bench-201, mean over
its seeds; the interval is the 95 % bootstrap over the architectures (1,000 resamples): it covers their
choice, not that of the initial weights and of the images. "Published" is Abdelfattah et al. 2021, over all
15,625 architectures, with validation accuracy (SamsungLabs/zero-cost-nas,
notebooks/nasbench201_correlations.ipynb). A score that does not beat `params` is worth no more than counting.
A network through which nothing flows gets -inf from some scores, hence the lowest rank. Seconds are of one
thread of a machine in use and mean little.
"""


def drawn() -> list[int]:
    """Official numbers of the architectures."""
    return [int(i) for i in Streams(0).generator("zerocost").choice(15625, ARCHS, replace=False)]


def truth(shared: Path, archs: Iterable[int], column: str = "c10_test_200") -> list[float]:
    """Accuracy by a column of the table, in %: as a rule test accuracy on CIFAR-10 after 200 epochs."""
    with gzip.open(shared / "data" / "nb201.csv.gz", "rt") as file:
        table = {int(row["index"]): float(row[column]) for row in csv.DictReader(file)}
    return [table[i] for i in archs]


def batch(shared: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Images `n x 3 x 32 x 32`, and classes `n`."""
    with tempfile.TemporaryDirectory() as folder:
        script = shared / "data" / "unpack_cifar10.py"
        subprocess.run([sys.executable, str(script), folder], check=True)
        found = data.get(f"folder:{folder}", limit=600)
        return found.batch("train", 0, BATCH, Streams(0), "cpu")


def measure(shared: Path) -> None:
    """Fills the stored results."""
    torch.set_num_threads(1)
    found = stored()
    if not found:
        archs = drawn()
        found = {
            "channels": SHAPE.channels, "depth": SHAPE.depth, "batch": BATCH,
            "archs": archs, "accuracy": truth(shared, archs), "scores": {}, "seconds": {},
        }  # fmt: skip
    images, labels = batch(shared)
    for name, score in SCORES.items():
        values, seconds = found["scores"].setdefault(name, []), found["seconds"].setdefault(name, [])
        for index in found["archs"][len(values) :]:
            net = network(index, labels)
            start = time.perf_counter()
            values.append(plain(score(net, images, labels, 0)))
            seconds.append(round(time.perf_counter() - start, 3))
            if len(values) % EVERY == 0 or len(values) == len(found["archs"]):
                store(found)
        print(name, agreement(found["accuracy"], values), f"{np.median(seconds):.2f} s", flush=True)


def network(index: int, labels: torch.Tensor) -> torch.nn.Module:
    """Freshly initialised, the same at every call."""
    space = spaces.get("nb201")
    with seeded(Streams(0).integer("init", index)):
        return subnet(space, space.from_index(index), SHAPE, ImageShape(3, 32, 32, 10))


def plain(value: float) -> float | str:
    """JSON has no infinity."""
    return value if np.isfinite(value) else str(value)


def stored() -> dict[str, Any]:
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def store(found: dict[str, Any]) -> None:
    with beside(RESULTS) as part:
        part.write_text(json.dumps(found))


def agreement(accuracy: list[float], values: list[Any]) -> Estimate:
    """Spearman's correlation, and its 95 % bootstrap interval over architectures."""
    return estimate(spearman, ([float(value) for value in values], accuracy))


def text(found: dict[str, Any]) -> str:
    """The whole document; scores that were not measured on all architectures are left out."""
    n = len(found["archs"])
    rows = []
    for name, values in found["scores"].items():
        if len(values) == n:
            rho = agreement(found["accuracy"], values)
            known = f"{PUBLISHED[name]:.2f}" if name in PUBLISHED else ""
            seconds = f"{np.median(found['seconds'][name]):.2g}"
            between = f"{rho.low:.2f} to {rho.high:.2f}"
            rows.append((rho.value, f"| {name} | {rho.value:.2f} | {between} | {known} | {seconds} |"))
    lines = [row for _, row in sorted(rows, reverse=True)]
    head = HEAD.format(archs=n, channels=found["channels"], depth=found["depth"], batch=found["batch"])
    return "\n".join([
        head,
        "| score | Spearman | 95 % interval | published | s |",
        "|---|---|---|---|---|",
        *lines,
    ]) + "\n"  # fmt: skip


def main(arguments: list[str]) -> None:
    if arguments:
        measure(Path(arguments[0]))
    with beside(DOCUMENT) as part:
        part.write_text(text(stored()))


if __name__ == "__main__":
    main(sys.argv[1:])
