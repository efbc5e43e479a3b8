"""What the accuracy chain needs of a finished search: a0, a1, a2 on the audit split."""

from __future__ import annotations

from typing import Any

import torch

from gapless.core import Arch
from gapless.engine.run import Run
from gapless.evaluate.accuracy import Score, accuracy
from gapless.nets.gate import Mix, path
from gapless.nets.statistics import recalibrate
from gapless.spaces.contract import inherit

BATCH = 256
PATHS = 16
RECALIBRATION = 16


def mixture(run: Run) -> dict[str, Any]:
    """a0: the super-network with its final mixture.

    With a relaxation, its gate values. Without, the mixture is the distribution that trained it, and a0
    is the mean accuracy over paths drawn from the stage's own sampler.
    """
    if run.stage.relax is not None:
        with torch.no_grad():
            mixes: list[Mix] = [run.mix()]
    else:
        mixes = []
        while len(mixes) < PATHS:
            rng = run.streams_of_run.generator("a0", len(mixes))
            assert run.stage.sample is not None
            mixes += [path(table) for table in run.stage.sample(run.choices, run.progress, rng)]
    scores = [accuracy(run.net, run.data.ordered("audit", BATCH, run.device), mix) for mix in mixes]
    mean = sum(score.accuracy for score in scores) / len(scores)
    return {"accuracy": mean, "n": scores[0].n, "paths": len(mixes)}


def inherited(run: Run, arch: Arch, recalibrated: bool) -> dict[str, Any]:
    """a1 and a2: the discretized sub-network with inherited weights, and statistics of its own."""
    child = inherit(run.space, run.net, arch, run.shape, run.data.shape)
    if recalibrated:
        streams = run.streams_of_run.child("recalibrate")
        batches = (
            run.data.batch("train", t, run.recipe.batch, streams, run.device) for t in range(RECALIBRATION)
        )
        recalibrate(child, (x for x, _ in batches))
    return plain(accuracy(child, run.data.ordered("audit", BATCH, run.device)))


def plain(score: Score) -> dict[str, Any]:
    return {"accuracy": score.accuracy, "n": score.n, "loss": score.loss}
