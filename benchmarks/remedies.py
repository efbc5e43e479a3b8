"""What each published remedy gives to shared weights in NAS-Bench-201's space; part of `benchmarks.evidence`.

One super-network for each of `VARIANTS` and seed, its sub-networks held against the table.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
import torch
from rich.progress import track
from scipy.stats import rankdata

import gapless.methods
import gapless.spaces
from benchmarks import zerocost
from benchmarks.value import value
from gapless.audit.ablation import mean
from gapless.audit.ranking import tau
from gapless.core import Cosine, Schedule, Streams
from gapless.core.training import Optim
from gapless.data import Data
from gapless.engine.panel import LOWER
from gapless.engine.recipe import Recipe
from gapless.engine.run import Run
from gapless.evaluate.inherited import Inherited
from gapless.parts.contract import Active
from gapless.parts.sample.capacity import Capacity
from gapless.parts.sample.cost_uniform import CostUniform
from gapless.parts.sample.fair import StrictlyFair
from gapless.parts.sample.price import extreme
from gapless.parts.sample.sandwich import Sandwich
from gapless.parts.sample.uniform import Uniform
from gapless.parts.update.inplace_distillation import InplaceDistillation
from gapless.parts.update.paths import Paths
from gapless.spaces.contract import Shape

SPACE = gapless.spaces.get("nb201")
ARCHS, TOPS, DECILE = 200, 100, 0.9
HELD = 100, 60
"""Of those, how many a variant is held against."""
Results = dict[str, Any]
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


@dataclass(frozen=True)
class Led:
    """The dearest sub-network, and then what another sampler wants."""

    by: Any

    def __call__(self, run: Any, rng: np.random.Generator) -> Sequence[Active]:
        dearest = extreme(run.choices, run.costs("macs"), dearest=True)
        return [run.choices.active(dearest), *self.by(run, rng)]


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
"""What papers train a super-network with, for many more epochs."""
GENTLE = {"weights": weights(Cosine(0.05, per="step"))}
"""A quarter of the recipe's learning rate."""
VARIANTS = {
    "naive": Variant(
        "as in papers, but 8 epochs only: learning rate 0.025, batch 64, affine BatchNorm, images of 32 "
        "pixels, uniform sampling", Uniform(), 8,
        {"side": 0, "batch": 64, "weights": SLOW}, shape=Shape(8, 1), more=True,
    ),
    "uniform": Variant("uniform sampling (SPOS)", Uniform()),
    "uniform-slow": Variant("uniform, learning rate 0.05", Uniform(), changed=GENTLE),
    "uniform-100": Variant("uniform, 100 epochs", Uniform(), 100),
    "uniform-32": Variant("uniform, images of 32 pixels", Uniform(), changed={"side": 0}),
    "fair": Variant("strictly fair: 5 paths a step, 8 epochs (FairNAS)", StrictlyFair(), 8),
    "fair-slow": Variant(
        "strictly fair, learning rate 0.05", StrictlyFair(), 8, GENTLE
    ),
    "sandwich": Variant("sandwich rule: 4 paths a step, 10 epochs", Sandwich(), 10),
    "sandwich-slow": Variant(
        "sandwich rule, learning rate 0.05", Sandwich(), 10, GENTLE
    ),
    "cost-uniform": Variant("uniform in bins of cost", CostUniform()),
    "cost-uniform-slow": Variant(
        "uniform in bins of cost, learning rate 0.05", CostUniform(), changed=GENTLE
    ),
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
        "by capacity, distilled from the dearest: 2 paths a step, 20 epochs", Led(Capacity()), 20,
        update=InplaceDistillation(0.5, 0.5),
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
    start, averaged, n = time.process_time(), dict[str, torch.Tensor](), 0
    run = Run(recipe, SPACE, one.shape, seen, Streams(seed), torch.device("cpu"))
    for step in track(range(run.progress.steps), f"{name} {seed}"):
        run.step()
        if run.epoch_ended:
            run.end_epoch()
        if one.more and 4 * step >= 3 * run.progress.steps:
            n += 1
            for key, now in run.net.named_parameters():
                so_far = averaged.setdefault(key, now.detach().clone())
                so_far.lerp_(now.detach(), 1 / n)
    trained = time.process_time() - start
    sets = [of[:count] for of, count in zip(samples(accuracy), HELD, strict=True)]
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
        run.net.load_state_dict(averaged, strict=False)
        result["taus"]["averaged"] = read(Inherited(8, 64, held=47))["accuracy"]
    return result


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Mean and standard deviation over seeds."""
    after = f" ± {stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{fmean(values):.{digits}f}{after}"


def variants_table(found: Mapping[str, Mapping[str, Results]]) -> list[str]:
    lines = [
        "## What each remedy gives to shared weights", "",
        "`python -m benchmarks.evidence FOLDER SHARED variants`. One super-network each: 8 channels, one",
        "cell a stage, images of 16 pixels, batch 128, learning rate 0.2, 40 epochs, BatchNorm without scale",
        "and shift, recalibrated, one path a step, where nothing else is said. Sampling by capacity trains",
        "operations the more often the more they have to learn, those without parameters least of all.",
        "Rules of several paths a step have as many paths in all, hence fewer steps. Learning rate and batch",
        "are the recipe's, chosen for sampling by capacity; other samplers also had a quarter of that rate.",
        f"{HELD[0]} uniform architectures, {HELD[1]} of the top tenth. \"Against\" is the difference in tau,",
        "seed by seed, from sampling by capacity, +- half of its 95 % interval by Student's t.", "",
        "| super-network | tau | top tenth | against | training, min | seeds |",
        "|---|---|---|---|---|---|",
    ]  # fmt: skip
    base = {seed: run["taus"]["accuracy"][0] for seed, run in found.get("capacity", {}).items()}
    better, worse, neither = list[str](), list[str](), list[str]()
    for name, one in VARIANTS.items():
        runs = found.get(name, {})
        for reading, also in READINGS.items():
            told = {seed: run["taus"][reading] for seed, run in runs.items() if reading in run["taus"]}
            if not told or (reading == "loss" and not one.more):
                continue
            apart = [pair[0] - base[seed] for seed, pair in told.items() if seed in base]
            against = value(apart, digits=2) if apart and any(apart) else ""
            if len(apart) > 1 and any(apart):
                reach = mean(apart)
                group = better if reach["low"] > 0 else worse if reach["high"] < 0 else neither
                called = one.title.split(":")[0]
                group.append(f"{called}, {also}" if also else called)
            tau, top = (spread([pair[i] for pair in told.values()]) for i in (0, 1))
            minutes = f"{fmean(run['trained'] for run in runs.values()) / 60:.1f}" if not also else ""
            title = f"the same, {also}" if also else one.title
            lines.append(f"| {title} | {tau} | {top} | {against} | {minutes} | {len(told)} |")
    groups = (("Better than sampling by capacity", better), ("Worse", worse), ("Not told from it", neither))
    if any(group for _, group in groups):
        lines += ["", *(f"- {word}: {'; '.join(group) or 'none'}." for word, group in groups)]
    return lines
