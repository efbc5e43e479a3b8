"""``docs/evidence.md``: what shrinks the gap on NAS-Bench-201, and what the recipe made of it finds.

    python -m benchmarks.evidence FOLDER SHARED variants [--only NAME ...] [--seeds N ...]
    python -m benchmarks.evidence FOLDER SHARED recipe [--seeds N ...]
    python -m benchmarks.evidence ROOT - elsewhere [--seeds N ...]
    python -m benchmarks.evidence                          writes the document anew

FOLDER holds the CIFAR-10 subset as ``folder:`` takes it, SHARED the tables, ROOT Fashion-MNIST. Results are
kept in ``benchmarks/evidence.json``, seed by seed; what is there is not done again. The table of
NAS-Bench-201 is looked at for judging alone.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean, stdev
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from rich.progress import track
from scipy.stats import rankdata
from torch.nn import functional

import gapless
import gapless.data
import gapless.methods
import gapless.spaces
from benchmarks import zerocost
from benchmarks.value import value
from gapless.audit.ranking import tau
from gapless.core import Cosine, Schedule, Streams
from gapless.core.files import beside
from gapless.core.record import Record
from gapless.core.training import Optim
from gapless.data import Data
from gapless.engine.panel import LOWER
from gapless.engine.recipe import Recipe
from gapless.engine.run import Run
from gapless.evaluate.early import LAST
from gapless.evaluate.inherited import Inherited
from gapless.job.interrupt import Stopper
from gapless.job.job import reopened
from gapless.job.show import Bars
from gapless.job.work import Work
from gapless.nets.gate import path
from gapless.parts.sample.capacity import Capacity
from gapless.parts.sample.cost_uniform import CostUniform
from gapless.parts.sample.fair import StrictlyFair
from gapless.parts.sample.price import extreme
from gapless.parts.sample.sandwich import Sandwich
from gapless.parts.sample.uniform import Uniform
from gapless.parts.update.paths import Paths
from gapless.spaces.contract import Shape

HERE = Path(__file__).parent
STORED, DOCUMENT = HERE / "evidence.json", HERE.parent / "docs" / "evidence.md"
SPACE = gapless.spaces.get("nb201")
ARCHS, TOPS, DECILE, TIMED = 200, 100, 0.9, 10
SETTINGS = {"search.depth": 2, "search.channels": 16, "deploy.depth": 5, "deploy.channels": 16}
Results = dict[str, Any]


# -- the truth, for judging alone -------------------------------------------------------------------------


Numbers = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Truth:
    """Accuracies on CIFAR-10 by official index, in %: test after 200 epochs, validation after 12."""

    whole: Numbers
    short: Numbers


def truth(shared: Path) -> Truth:
    every = range(SPACE.size())
    return Truth(*(np.array(zerocost.truth(shared, every, name)) for name in ("c10_test_200", "c10_val_12")))


def samples(accuracy: Numbers) -> tuple[list[int], list[int]]:
    """Official indices of `ARCHS` uniform architectures, and of `TOPS` out of the best tenth of all."""
    rng = Streams(0).generator("evidence")
    uniform = rng.choice(len(accuracy), ARCHS, replace=False)
    best = np.flatnonzero(accuracy >= np.quantile(accuracy, DECILE))
    return uniform.tolist(), rng.choice(best, TOPS, replace=False).tolist()


def agreement(scores: Sequence[float], truths: Sequence[float]) -> float:
    """Kendall's tau-b; of ranks, because some scores are minus infinity."""
    return tau(rankdata(scores), rankdata(truths))


# -- what each remedy gives to shared weights -------------------------------------------------------------


@dataclass(frozen=True)
class Distilled(Paths):
    """Each path also learns what the dearest sub-network says of the images: half the loss is the divergence
    of its answer from that one's (the sandwich rule's inplace distillation, Yu & Huang 2019)."""

    def step(self, run: Any, train: Any, val: Any) -> Any:
        x, y = train
        run.weights.clear()
        dearest = run.choices.active(extreme(run.choices, run.costs("macs"), dearest=True))
        told = run.forward(x, path(dearest))
        run.loss(told, y).backward()
        (mix,) = run.paths()
        logits = run.forward(x, mix)
        loss = run.loss(logits, y)
        apart = functional.kl_div(logits.log_softmax(1), told.detach().softmax(1), reduction="batchmean")
        (0.5 * loss + 0.5 * apart).backward()
        run.weights.step(run.progress)
        return {"train_loss": loss.detach().double()}


@dataclass(frozen=True)
class Variant:
    """A super-network and its training.

    Args:
        title: what is different.
        part: the sampler.
        epochs: of training.
        changed: other fields of the recipe.
        update: the rule.
        shape: of the super-network.
        more: whether its weights are also scored with statistics kept, and averaged over the last quarter of
            the steps.
    """

    title: str
    part: Any
    epochs: int = 40
    changed: Mapping[str, Any] = field(default_factory=dict)
    update: Any = field(default_factory=Paths)
    shape: Shape = field(default_factory=lambda: Shape(8, 1, affine=False))
    more: bool = False

    def recipe(self) -> Recipe:
        base = gapless.methods.get("gapless", "paper")
        stage = replace(base.stages[0], epochs=self.epochs, sample=self.part, update=self.update)
        return replace(base, stages=(stage,), **self.changed)


def weights(lr: Schedule[float]) -> Optim:
    return Optim("sgd", lr, (0.9, 0), 5e-4, clip=5.0, nesterov=True)


SLOW = Optim("sgd", Cosine(0.025), (0.9, 0), 3e-4, clip=5.0)
"""What papers train a super-network with."""
VARIANTS = {
    "naive": Variant(
        "as found in papers: 8 epochs of batches of 64 at a learning rate of 0.025, images of 32 pixels, "
        "affine BatchNorm, uniform sampling", Uniform(), 8,
        {"side": 0, "batch": 64, "weights": SLOW}, shape=Shape(8, 1), more=True,
    ),
    "uniform": Variant("uniform sampling (SPOS)", Uniform()),
    "uniform-100": Variant("uniform, 100 epochs", Uniform(), 100),
    "uniform-32": Variant("uniform, images of 32 pixels", Uniform(), changed={"side": 0}),
    "fair": Variant("strictly fair: 5 paths a step, 8 epochs (FairNAS)", StrictlyFair(), 8),
    "sandwich": Variant("sandwich rule: 4 paths a step, 10 epochs", Sandwich(), 10),
    "cost-uniform": Variant("uniform in bins of cost", CostUniform()),
    "capacity": Variant("by capacity", Capacity(), more=True),
    "capacity-slow": Variant(
        "by capacity, batch 64 and learning rate 0.1", Capacity(),
        changed={"batch": 64, "weights": weights(Cosine(0.1, per="step"))},
    ),
    "capacity-constant": Variant(
        "by capacity, constant learning rate 0.1", Capacity(), changed={"weights": weights(0.1)}
    ),
    "capacity-affine": Variant("by capacity, affine BatchNorm", Capacity(), shape=Shape(8, 1)),
    "capacity-distilled": Variant(
        "by capacity, distilled from the dearest: 2 paths a step, 20 epochs", Capacity(), 20,
        update=Distilled(),
    ),
    "capacity-16": Variant("by capacity, 16 channels", Capacity(), shape=Shape(16, 1, affine=False)),
    "capacity-2": Variant("by capacity, 2 cells a stage", Capacity(), shape=Shape(8, 2, affine=False)),
    "capacity-5": Variant(
        "by capacity, 5 cells a stage as in use", Capacity(), shape=Shape(8, 5, affine=False)
    ),
    "capacity-100": Variant("by capacity, 100 epochs", Capacity(), 100),
}  # fmt: skip
READINGS = {
    "accuracy": "", "loss": "ordered by loss", "kept": "statistics kept",
    "averaged": "weights averaged over the last quarter of the steps",
}  # fmt: skip


def variant(name: str, data: Data, accuracy: Numbers, seed: int) -> Results:
    """Trains one super-network and holds its scores against the table."""
    one = VARIANTS[name]
    recipe = one.recipe()
    seen = data.coarsened(recipe.side) if recipe.side else data
    start, mean, n = time.process_time(), dict[str, torch.Tensor](), 0
    run = Run(recipe, SPACE, one.shape, seen, Streams(seed), torch.device("cpu"))
    for step in track(range(run.progress.steps), f"{name} {seed}"):
        run.step()
        if run.epoch_ended:
            run.end_epoch()
        if one.more and 4 * step >= 3 * run.progress.steps:
            n += 1
            for key, now in run.net.named_parameters():
                mean[key] = mean[key].lerp(now.detach(), 1 / n) if key in mean else now.detach().clone()
    trained = time.process_time() - start
    sets = samples(accuracy)
    indices = list(dict.fromkeys(sets[0] + sets[1]))
    archs = [SPACE.from_index(index) for index in indices]
    given = (run.net_shape, seen, run.device, run.streams_of_run.child("recalibrate"))

    def read(evaluator: Inherited) -> dict[str, list[float]]:
        found = {}
        records = evaluator.scores(SPACE, run.net, archs, *given)
        for metric in ("accuracy", "loss"):
            sign = -1.0 if metric in LOWER else 1.0
            told = dict(zip(indices, (sign * r.metrics[metric] for r in records), strict=True))
            found[metric] = [agreement([told[i] for i in of], [accuracy[i] for i in of]) for of in sets]
        return found

    result: Results = {"trained": trained, "loss": run.trace[-1]["train_loss"]}
    result["taus"] = read(Inherited(8, 64, held=47))
    result["scored"] = time.process_time() - start - trained
    if one.more:
        result["taus"]["kept"] = read(Inherited(recalibrate=False, held=47))["accuracy"]
        run.net.load_state_dict(mean, strict=False)
        result["taus"]["averaged"] = read(Inherited(8, 64, held=47))["accuracy"]
    return result


def row(record: Record) -> Results:
    """All numbers of one architecture."""
    return {"index": SPACE.official_index(record.arch), **record.metrics, **record.cost}


# -- the recipe ---------------------------------------------------------------------------------------------


def recipe(folder: str, accuracy: Numbers, seed: int, ranked: bool) -> Results:
    """One search by method ``gapless``, and where ``ranked`` what it thinks of the two samples."""
    with TemporaryDirectory() as place:
        run, start = Path(place) / "run", time.process_time()
        found = gapless.search(
            "nb201", f"folder:{folder}", "gapless", preset="paper", run=run, seed=seed, settings=SETTINGS,
            retrain=False, audit=False, progress=True,
        )  # fmt: skip
        minutes, index = (time.process_time() - start) / 60, SPACE.official_index(found.arch)
        search = Work(*reopened(run), Bars(), Stopper()).run()
        select: Any = search.recipe.select
        result: Results = {"minutes": minutes, "index": index, "accuracy": float(accuracy[index])}
        result["candidates"] = [row(record) for record in search.history]
        result["seconds"] = seconds(search, search.history[:TIMED])
        if ranked:
            known = {record.arch: record for record in search.history}
            for index in track(samples(accuracy)[1], f"judging {seed}"):
                arch = SPACE.from_index(index)
                record = known[arch] if arch in known else select.judged(search, [arch])[0]
                result.setdefault("tops", {})[str(index)] = row(record)
    return result


def seconds(run: Run, records: Sequence[Record]) -> dict[str, float]:
    """What each metric of one architecture takes, in the mean, of one thread."""
    select: Any = run.recipe.select
    early = select.early

    def each(part: Any) -> float:
        start = time.process_time()
        part.judged(run, [record.arch for record in records])
        return (time.process_time() - start) / len(records)

    bare = replace(early, scores=(), steps=LAST)
    alone = {name: replace(bare, scores=(name,)) for name in early.scores} | {
        "speed": replace(bare, steps=early.steps)
    }
    votes = (("accuracy", 1.0),)
    none = each(replace(select, early=bare, votes=votes))
    found = {name: each(replace(select, early=one, votes=votes)) - none for name, one in alone.items()}
    return found | {"accuracy": none}


# -- other spaces and images --------------------------------------------------------------------------------

ELSEWHERE, SAMPLE = ("chain", "darts"), 20


def elsewhere(space: str, root: str, seed: int) -> Results:
    """The quick recipe on Fashion-MNIST, and its ranks against sub-networks trained alone."""
    with TemporaryDirectory() as place:
        start = time.perf_counter()
        found = gapless.search(
            space, "fashion-mnist", "gapless", run=Path(place) / "run", root=root, seed=seed, archs=0,
            seeds=1, settings={"data.limit": 10_000}, retrain=False, audit=False, progress=True,
        )  # fmt: skip
        searched = time.perf_counter()
        ranking = found.audit(sample=SAMPLE, archs=0, seeds=1)["audit"]["ranking"]
        return {
            "search": (searched - start) / 60, "audit": (time.perf_counter() - searched) / 60,
            **{name: ranking[name]["tau"] for name in ("recalibrated", "judged")},
            "macs": ranking["recalibrated"]["cost alone"]["macs"], "n": ranking["n"],
        }  # fmt: skip


# -- the document -------------------------------------------------------------------------------------------

HEAD = f"""# What shrinks the gap, and the recipe made of it

Written by `python -m benchmarks.evidence` from `benchmarks/evidence.json`; do not edit. FOLDER below is the
CIFAR-10 subset of 20,000 training images as PNG files (`unpack_cifar10.py FOLDER`), of which a search trains
its weights on 9,000 and scores on 9,000; SHARED holds the table of NAS-Bench-201. The table judges and is
otherwise not looked at: truth is the test accuracy on CIFAR-10 after 200 epochs, mean over its seeds. Tau is
Kendall's tau-b; "top tenth" is tau within architectures out of the true best tenth of the space, {DECILE:.0%}
and above. After a number stands the standard deviation over seeds. Minutes are of one core of a machine that
was in use.

What was tuned on the table, and how far: while the recipe was made, its parts and constants were chosen by
looking at how they rank 200 other architectures (and 120 of the top tenth), with one seed each. The
architectures below were drawn afresh.
"""
RANDOM = 200
"""Architectures that every search scores first, drawn uniformly."""
SUMS: Mapping[str, tuple[str, ...]] = {
    "rank sum of expressivity, jacob-cov, synflow, parameters": (
        "expressivity",
        "jacob-cov",
        "synflow",
        "params",
    ),
}
TITLES = {
    "accuracy": "accuracy with shared weights", "loss": "loss with shared weights",
    "synflow": "synflow, untrained", "expressivity": "expressivity, untrained",
    "jacob-cov": "jacob-cov, untrained",
    "speed": "loss after first steps in the depth of use", "params": "parameters", "macs": "MACs",
    **{name: name for name in SUMS}, "short": "12 epochs of training alone, from the table",
    "final": "**the recipe**",
}  # fmt: skip


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Mean and standard deviation over seeds."""
    after = f" ± {stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{fmean(values):.{digits}f}{after}"


def variants_table(found: Mapping[str, Mapping[str, Results]]) -> list[str]:
    lines = [
        "## What each remedy gives to shared weights", "",
        "`python -m benchmarks.evidence FOLDER SHARED variants`. One super-network each: 8 channels, one",
        "cell a stage, images of 16 pixels, batch 128, learning rate 0.2, 40 epochs, BatchNorm without scale",
        "and shift, recalibrated, one path a step, where nothing else is said.",
        f"{ARCHS} uniform architectures, {TOPS} of the top tenth. \"Against\" is the difference in tau, seed",
        "by seed, from sampling by capacity, +- half of its 95 % interval by Student's t.", "",
        "| super-network | tau | top tenth | against | training, min | seeds |",
        "|---|---|---|---|---|---|",
    ]  # fmt: skip
    base = {seed: run["taus"]["accuracy"][0] for seed, run in found.get("capacity", {}).items()}
    for name, one in VARIANTS.items():
        runs = found.get(name, {})
        for reading, also in READINGS.items():
            told = {seed: run["taus"][reading] for seed, run in runs.items() if reading in run["taus"]}
            if not told or (reading == "loss" and not one.more):
                continue
            title = f"the same, {also}" if also else one.title
            apart = [pair[0] - base[seed] for seed, pair in told.items() if seed in base]
            against = value(apart, digits=2) if apart and any(apart) else ""
            tau, top = (spread([pair[i] for pair in told.values()]) for i in (0, 1))
            minutes = f"{fmean(run['trained'] for run in runs.values()) / 60:.1f}" if not also else ""
            lines.append(f"| {title} | {tau} | {top} | {against} | {minutes} | {len(told)} |")
    return lines


def column(metrics: Sequence[Mapping[str, float]], name: str, short: Mapping[str, float]) -> list[float]:
    """A metric, or a rank sum, or the recipe's standing, of each architecture among all; more is better."""
    if name in SUMS:
        return np.sum([rankdata([one[key] for one in metrics]) for key in SUMS[name]], axis=0).tolist()
    if name == "final":
        panel: Any = gapless.methods.get("gapless", "paper").select
        arch = SPACE.choices.at(0)
        return panel.standings([Record(arch, one) for one in metrics]).tolist()
    if name == "short":
        return [short[str(one["index"])] for one in metrics]
    return [-one[name] if name in LOWER else one[name] for one in metrics]


def skips(index: int) -> bool:
    """Whether the cell's input reaches its output unchanged."""
    return SPACE.from_index(index).option("0-3") == "skip_connect"


@dataclass(frozen=True)
class Order:
    """How one way of ordering does in one search.

    Args:
        whole: tau on the architectures drawn uniformly.
        picks: true accuracy of the best of them by this order, in %.
        best: tau on the true best tenth, judged among the others; None where they were not judged.
        skip: how much higher in that tenth it ranks those with a skip from input to output, as a share.
    """

    whole: float
    picks: float
    best: float | None = None
    skip: float | None = None


def ordered(run: Results, name: str, truths: Mapping[str, float], short: Mapping[str, float]) -> Order:
    """Judges one order by the truth; ``name`` "truth" is the truth itself."""

    def scores(of: Sequence[Results]) -> list[float]:
        return [truths[str(one["index"])] for one in of] if name == "truth" else column(of, name, short)

    first, tops = run["candidates"][:RANDOM], list(run.get("tops", {}).values())
    known, given = [truths[str(one["index"])] for one in first], scores(first)
    whole, picks = agreement(given, known), known[int(np.argmax(given))]
    if not tops:
        return Order(whole, picks)
    theirs = scores([*first, *tops])[len(first) :]
    ranks = rankdata(theirs) / len(theirs)
    skipping = np.array([skips(one["index"]) for one in tops])
    best = agreement(theirs, [truths[str(one["index"])] for one in tops])
    return Order(whole, picks, best, float(ranks[skipping].mean() - ranks[~skipping].mean()))


def ranking_table(found: Results) -> list[str]:
    """Of the architectures that each search drew uniformly; and of the top tenth where they were judged."""
    runs = found["recipe"]
    lines = [
        "## How the recipe ranks, and what else does for how much", "",
        "`python -m benchmarks.evidence FOLDER SHARED recipe`. The "
        f"{RANDOM} architectures that each search draws", "uniformly before it is guided; those of the top "
        "tenth are judged among them. \"Picks\" is the true accuracy", "of the first of the "
        f"{RANDOM}, in %. Seconds are of one architecture, once the super-network is trained,",
        f"which took the rest of the minutes below. Seeds: {', '.join(sorted(runs, key=int))}; of the top "
        f"tenth: {', '.join(sorted((seed for seed, run in runs.items() if run.get('tops')), key=int))}.", "",
        "| ordered by | tau | top tenth | picks | s |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for name, title in TITLES.items():
        orders = [ordered(run, name, found["truths"], found["short"]) for run in runs.values()]
        best = [one.best for one in orders if one.best is not None]
        took = [run["seconds"][name] for run in runs.values() if name in run["seconds"]]
        cells = (
            spread([one.whole for one in orders]), spread(best) if best else "",
            spread([one.picks for one in orders]), f"{fmean(took):.1f}" if took else "",
        )  # fmt: skip
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return lines


def skip_table(found: Results) -> list[str]:
    """Who sees what a skip from input to output is worth."""
    runs = [run for run in found["recipe"].values() if run.get("tops")]
    lines = [
        "## What judges disagree about", "",
        "A skip from the cell's input to its output decides the top tenth: it lets five cells a stage train,",
        "and a super-network of two does not need it. How much higher each judge ranks those of the top",
        "tenth that have it, in the mean, as a share of the ranks; the same runs as above.", "",
        "| judge | higher by |", "|---|---|",
    ]  # fmt: skip
    for name, title in {"truth": "the truth", **TITLES}.items():
        skips = [ordered(run, name, found["truths"], found["short"]).skip for run in runs]
        lines.append(f"| {title} | {spread([skip for skip in skips if skip is not None])} |")
    return lines


def found_table(found: Mapping[str, Results]) -> list[str]:
    cells = [run["accuracy"] for run in found.values()]
    lines = [
        "## What it finds", "",
        f"Test accuracy of the found cell, %: mean {fmean(cells):.2f}, worst {min(cells):.2f}, over "
        f"{len(cells)} {'seed' if len(cells) == 1 else 'seeds'}; the best cell of the",
        "space has 94.37, a random one 87.06 in the mean.", "",
        "| seed | cell | test accuracy, % | search, min |", "|---|---|---|---|",
    ]  # fmt: skip
    for seed, run in sorted(found.items(), key=lambda pair: int(pair[0])):
        text = SPACE.text(SPACE.from_index(run["index"])).replace("|", "\\|")
        lines.append(f"| {seed} | `{text}` | {run['accuracy']:.2f} | {run['minutes']:.0f} |")
    return lines


def elsewhere_table(found: Mapping[str, Mapping[str, Results]]) -> list[str]:
    lines = [
        "## Other spaces, other images", "",
        "`python -m benchmarks.evidence ROOT - elsewhere`. The quick preset unchanged, on 10,000 images of",
        f"Fashion-MNIST; tau-b, with its 95 % interval over architectures, against {SAMPLE} sub-networks of",
        "all costs, trained alone in the search's shape by the search's recipe.", "",
        "| space | seed | shared weights | the recipe | MACs alone | search, min |",
        "|---|---|---|---|---|---|",
    ]  # fmt: skip

    def told(one: Mapping[str, float]) -> str:
        return f"{one['value']:.2f} ({one['low']:.2f} to {one['high']:.2f})"

    for space, runs in sorted(found.items()):
        for seed, run in sorted(runs.items()):
            taus = " | ".join(told(run[name]) for name in ("recalibrated", "judged", "macs"))
            lines.append(f"| `{space}` | {seed} | {taus} | {run['search']:.0f} |")
    return lines


def text(found: Results) -> str:
    """The document."""
    parts = [HEAD.rstrip("\n")]
    if found.get("variants"):
        parts.append("\n".join(variants_table(found["variants"])))
    if found.get("recipe"):
        parts.append("\n".join(ranking_table(found)))
        if any(run.get("tops") for run in found["recipe"].values()):
            parts.append("\n".join(skip_table(found)))
        parts.append("\n".join(found_table(found["recipe"])))
    if found.get("elsewhere"):
        parts.append("\n".join(elsewhere_table(found["elsewhere"])))
    return "\n\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?")
    parser.add_argument("shared", nargs="?", type=Path)
    parser.add_argument("part", nargs="?", choices=("variants", "recipe", "elsewhere"))
    parser.add_argument("--only", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--no-ranking", dest="ranked", action="store_false")
    asked = parser.parse_args()
    if asked.part is not None:
        measure(asked)
    with beside(DOCUMENT) as path:
        path.write_text(text(stored()))


def measure(asked: argparse.Namespace) -> None:
    if asked.part == "elsewhere":
        for seed in asked.seeds:
            for space in ELSEWHERE:
                if str(seed) not in stored().get("elsewhere", {}).get(space, {}):
                    run = elsewhere(space, asked.folder, seed)
                    store(
                        "elsewhere", space, {**stored().get("elsewhere", {}).get(space, {}), str(seed): run}
                    )
        return
    known = truth(asked.shared)
    if asked.part == "recipe":
        for seed in asked.seeds:
            if str(seed) not in stored().get("recipe", {}):
                found = recipe(asked.folder, known.whole, seed, asked.ranked)
                seen = {str(one["index"]) for one in found["candidates"]} | set(found.get("tops", {}))
                for part, of in (("truths", known.whole), ("short", known.short)):
                    told = {index: float(of[int(index)]) for index in sorted(seen)}
                    store(part, None, stored().get(part, {}) | told)
                store("recipe", str(seed), found)
        return
    data = gapless.data.get(f"folder:{asked.folder}")
    for seed in asked.seeds:
        for name in asked.only:
            if str(seed) not in stored().get("variants", {}).get(name, {}):
                found = variant(name, data, known.whole, seed)
                store("variants", name, {**stored().get("variants", {}).get(name, {}), str(seed): found})


def stored() -> Results:
    return json.loads(STORED.read_text()) if STORED.exists() else {}


def store(part: str, name: str | None, value: Any) -> None:
    """Keeps one result, or a whole part; another process may have written meanwhile."""
    found = stored()
    if name is None:
        found[part] = value
    else:
        found.setdefault(part, {})[name] = value
    with beside(STORED) as path:
        path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
