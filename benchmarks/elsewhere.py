"""The recipe in other spaces and on other images; part of `benchmarks.evidence`.

Sub-networks are trained alone and judged on all images that neither search nor training saw: the thousand
that a search of 10,000 keeps for its audit leave the truth itself in doubt.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gapless
import gapless.data
from gapless.audit.noise import noise
from gapless.audit.ranking import agreement
from gapless.core import Arch
from gapless.evaluate.accuracy import accuracy
from gapless.export.weights import load_state
from gapless.job.alone import Errand
from gapless.job.job import continued, reopened
from gapless.job.show import Bars
from gapless.spaces.contract import subnet

Results = dict[str, Any]
SPACES, SAMPLE, LIMIT, BATCH = ("chain", "darts"), 20, 10_000, 500
UNSEEN = ("audit", "test")
SCORES = {"recalibrated": "shared weights", "judged": "the recipe", "macs": "MACs alone"}


def elsewhere(space: str, root: str, seed: int) -> Results:
    """The quick recipe on Fashion-MNIST, and its ranks against sub-networks trained alone."""
    with TemporaryDirectory() as place:
        start = time.process_time()
        found = gapless.search(
            space, "fashion-mnist", "gapless", run=Path(place) / "run", root=root, seed=seed, archs=0,
            seeds=1, settings={"data.limit": LIMIT}, retrain=False, audit=False, progress=True,
        )  # fmt: skip
        searched = time.process_time()
        continued(found.plan, found.folder, Bars(), sample=SAMPLE, audit=True)
        minutes = {"search": (searched - start) / 60, "audit": (time.process_time() - searched) / 60}
        return {**minutes, **judged(Path(place) / "run", root)}


def judged(folder: Path, root: str | None) -> Results:
    """How an audited run ranks what it trained alone, judged on all unseen images."""
    plan, run = reopened(folder, root=root)
    points = run.read_json("findings.json")["audit"]["ranking"]["points"]
    seen = plan.data
    every = gapless.data.get(seen.name, root=root)
    every = replace(every, mean=seen.mean, std=seen.std).coarsened(plan.recipe.side)
    truths: dict[str, list[float]] = {}
    for name, record in run.read_json("measured.json").items():
        if name.startswith("rank-"):
            errand = Errand("rank", Arch.from_json(record["arch"]), record["seed"])
            shape, _, _ = errand.recipe(plan)
            net = subnet(plan.space, errand.arch, shape, every.shape)
            net.load_state_dict(load_state(run / f"networks/{errand.name}.safetensors"))
            score = accuracy(net.eval(), every.ordered(UNSEEN, BATCH, "cpu"))
            truths.setdefault(errand.arch.key, []).append(score.accuracy)
    first = [truths[point["key"]][0] for point in points]
    ranks = {name: agreement([point[name] for point in points], first)["tau"] for name in SCORES}
    return {
        **ranks, "n": len(points), "images": every.size(UNSEEN), "truths": truths, "points": points,
        "flips": noise(truths)["flips"],
    }  # fmt: skip


def elsewhere_table(found: Mapping[str, Mapping[str, Results]]) -> list[str]:
    """The part of the document."""
    images = max(run["images"] for runs in found.values() for run in runs.values())
    lines = [
        "## Other spaces, other images", "",
        f"`python -m benchmarks.evidence ROOT - elsewhere`. The quick preset unchanged, on {LIMIT:,} images",
        f"of Fashion-MNIST; tau-b, with its 95 % interval over architectures, against {SAMPLE} sub-networks",
        "of all costs, trained alone in the search's shape by the search's recipe and judged on the",
        f"{images:,} images that neither they nor the search saw. \"At best\" is what their true order would",
        "have, by how far two trainings of one sub-network are apart.", "",
        f"| space | seed | truths, % | {' | '.join(SCORES.values())} | at best | search, min |",
        "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip

    def told(one: Mapping[str, float]) -> str:
        return f"{one['value']:.2f} ({one['low']:.2f} to {one['high']:.2f})"

    for space, runs in sorted(found.items()):
        for seed, run in sorted(runs.items()):
            firsts = [100 * scores[0] for scores in run["truths"].values()]
            taus = " | ".join(told(run[name]) for name in SCORES)
            flips = {name: 1 - 2 * run["flips"][name] for name in ("value", "low", "high")}
            best = told({"value": flips["value"], "low": flips["high"], "high": flips["low"]})
            span = f"{min(firsts):.1f} to {max(firsts):.1f}"
            lines.append(f"| `{space}` | {seed} | {span} | {taus} | {best} | {run['search']:.0f} |")
    return lines
