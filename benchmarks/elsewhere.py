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
from gapless.engine.panel import placed
from gapless.evaluate.accuracy import accuracy
from gapless.export.weights import load_state
from gapless.job.alone import Errand
from gapless.job.found import Found
from gapless.job.interrupt import Stopper
from gapless.job.job import continued, reopened
from gapless.job.show import Bars
from gapless.job.work import Work
from gapless.measure import candidates
from gapless.spaces.contract import subnet

Results = dict[str, Any]
DATA, SPACES, SAMPLE, BATCH = "fashion-mnist", ("chain", "darts"), 20, 500
LIMIT, LONGER = 10_000, 96
"""Images, and epochs: four times those of the quick preset."""
SETTINGS: dict[str, Any] = {"data.limit": LIMIT}
UNSEEN = ("audit", "test")
SCORES = {"recalibrated": "shared weights", "judged": "the recipe", "macs": "MACs alone"}


def elsewhere(space: str, root: str | None, seed: int) -> Results:
    """The quick recipe, and its ranks against sub-networks trained alone."""
    with TemporaryDirectory() as place:
        start = time.process_time()
        found = searched(space, root, seed, Path(place) / "run")
        ended = time.process_time()
        continued(found.plan, found.folder, Bars(), sample=SAMPLE, audit=True)
        minutes = {"search": (ended - start) / 60, "audit": (time.process_time() - ended) / 60}
        return {**minutes, **judged(Path(place) / "run", root)}


def searched(space: str, root: str | None, seed: int, folder: Path, epochs: int | None = None) -> Found:
    """A search and nothing after it."""
    return gapless.search(
        space, DATA, "gapless", run=folder, root=root, seed=seed, archs=0, seeds=1, epochs=epochs,
        settings=SETTINGS, retrain=False, audit=False, progress=True,
    )  # fmt: skip


def longer(space: str, root: str | None, seed: int, known: Results) -> Results:
    """The same search for `LONGER` epochs, held against the same sub-networks and truths."""
    with TemporaryDirectory() as place:
        start = time.process_time()
        searched(space, root, seed, Path(place) / "run", LONGER)
        minutes = (time.process_time() - start) / 60
        run = Work(*reopened(Path(place) / "run", root=root), Bars(), Stopper()).run()
        streams = run.streams_of_run.child("audit")
        sample = candidates.drawn(run.space, run.choices, SAMPLE, run.net_shape, run.data.shape, streams)
        archs = [arch for arch, _ in sample]
        shared = candidates.shared(run, archs, recalibrated=True)
        _, standings = placed(run, archs)
    truths = [known["truths"][arch.key][0] for arch in archs]
    scores: dict[str, list[float]] = {
        "recalibrated": [one.metrics["accuracy"] for one in shared], "judged": standings,
    }  # fmt: skip
    ranks = {name: agreement(values, truths)["tau"] for name, values in scores.items()}
    return {"epochs": LONGER, "search": minutes, **ranks}


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


def number(estimate: Mapping[str, Any]) -> str:
    """Of an estimate; none where all were equal."""
    return "none" if estimate["value"] is None else f"{estimate['value']:.2f}"


def elsewhere_table(found: Mapping[str, Mapping[str, Results]]) -> list[str]:
    """The part of the document."""
    every = [run for runs in found.values() for run in runs.values()]
    images = max(run["images"] for run in every)
    twice = " or ".join(
        sorted({str(sum(len(values) > 1 for values in run["truths"].values())) for run in every})
    )
    lines = [
        "## Other spaces, other images", "",
        "`python -m benchmarks.evidence ROOT - elsewhere`. The quick preset, unchanged and with four times",
        f"the epochs, on {LIMIT:,} images of Fashion-MNIST; tau-b, with its 95 % interval over",
        f"architectures, against {SAMPLE} sub-networks of all costs, trained alone in the search's shape by",
        f"the search's recipe and judged on the {images:,} images that neither they nor the search saw. \"At",
        "best\" is what their true order would have, by how far two trainings of one sub-network are apart,",
        f"for the {twice} that were trained twice.",
        "",
        f"| space | seed | epochs | truths, % | {' | '.join(SCORES.values())} | at best | search, min |",
        "|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip

    def told(one: Mapping[str, Any]) -> str:
        interval = "" if one["low"] is None else f" ({one['low']:.2f} to {one['high']:.2f})"
        return number(one) + interval

    def best(flips: Mapping[str, Any]) -> str:
        ends = {name: None if flips[name] is None else 1 - 2 * flips[name] for name in flips if name != "n"}
        return told({"value": ends["value"], "low": ends["high"], "high": ends["low"]})

    for space, runs in sorted(found.items()):
        for seed, run in sorted(runs.items()):
            firsts = [100 * scores[0] for scores in run["truths"].values()]
            taus = " | ".join(told(run[name]) for name in SCORES)
            span = f"{min(firsts):.1f} to {max(firsts):.1f}"
            head, minutes = f"| `{space}` | {seed}", f"{run['search']:.0f}"
            lines.append(f"{head} | {LONGER // 4} | {span} | {taus} | {best(run['flips'])} | {minutes} |")
            if more := run.get("longer"):
                again = " | ".join(told(more[name]) for name in ("recalibrated", "judged"))
                lines.append(f"{head} | {more['epochs']} | the same | {again} |  |  | {more['search']:.0f} |")
    return lines
