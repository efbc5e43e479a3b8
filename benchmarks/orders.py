"""How each way of ordering architectures does in the searches of `benchmarks.evidence`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import numpy as np
from scipy.stats import rankdata

import gapless.methods
from benchmarks.remedies import SPACE, Numbers, Results, agreement, spread
from gapless.audit.resampling import estimate
from gapless.core.record import Record
from gapless.engine.panel import LOWER
from gapless.evaluate import predictor as predictors
from gapless.evaluate.predictor.contract import features, fitted
from gapless.evaluate.predictor.normal_scores import normal_scores

RANDOM = 200
"""Architectures that every search scores first, drawn uniformly."""
SUM = ("expressivity", "jacob-cov", "synflow", "params")
TITLES = {
    "accuracy": "accuracy with shared weights", "loss": "loss with shared weights",
    "synflow": "synflow, untrained", "expressivity": "expressivity, untrained",
    "jacob-cov": "jacob-cov, untrained",
    "speed": "loss after first steps in the depth of use", "params": "parameters", "macs": "MACs",
    "sum": "rank sum of expressivity, jacob-cov, synflow, parameters",
    "short": "12 epochs of training alone, from the table",
    "unshared": "the recipe without shared weights",
    "loss-fitted": "loss with shared weights, as a Gaussian process fitted to it predicts it",
    "final-fitted": "the recipe, as a Gaussian process fitted to it predicts it", "final": "**the recipe**",
}  # fmt: skip


def column(metrics: Sequence[Mapping[str, float]], name: str, short: Mapping[str, float]) -> list[float]:
    """A metric, or a rank sum, or the recipe's standing, of each architecture among all; more is better."""
    if name.endswith("-fitted"):
        predictor = predictors.get("gaussian-process")
        archs = [SPACE.from_index(one["index"]) for one in metrics]
        x, y = features(predictor, SPACE.choices, archs), column(metrics, name.removesuffix("-fitted"), short)
        return fitted(predictor, x, normal_scores(np.array(y))).predict(x).tolist()
    if name == "sum":
        return np.sum([rankdata([one[key] for one in metrics]) for key in SUM], axis=0).tolist()
    if name in ("final", "unshared"):
        panel: Any = gapless.methods.get("gapless", "paper").select
        if name == "unshared":
            own = tuple(vote for vote in panel.votes if vote[0] in panel.early.metrics)
            panel = replace(panel, votes=own)
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


Orders = Mapping[str, Sequence[Order]]


def orders(found: Results) -> Orders:
    """How each way of ordering does in each search, and the truth itself."""
    runs, known = found["recipe"].values(), (found["truths"], found["short"])
    return {name: [ordered(run, name, *known) for run in runs] for name in ("truth", *TITLES)}


def taus(of: Sequence[Order]) -> tuple[str, str]:
    """On the architectures drawn uniformly, and on the top tenth where it was judged."""
    best = [one.best for one in of if one.best is not None]
    return spread([one.whole for one in of]), spread(best) if best else ""


def over_tops(found: Results) -> str:
    """Bootstrap interval, over architectures of the top tenth, of the recipe's tau in the mean of seeds."""
    runs = [run for run in found["recipe"].values() if run.get("tops")]
    if not runs:
        return "?"
    names = list(runs[0]["tops"])
    given = []
    for run in runs:
        tops = [run["tops"][name] for name in names]
        given.append(column([*run["candidates"][:RANDOM], *tops], "final", {})[RANDOM:])
    known = [found["truths"][name] for name in names]

    def tau(truths: Numbers, *scores: Numbers) -> float:
        return fmean(agreement(one.tolist(), truths.tolist()) for one in scores)

    reach = estimate(tau, [known, *given])
    return "?" if reach.low is None else f"{reach.low:.2f} to {reach.high:.2f}"
