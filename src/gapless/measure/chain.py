"""What the accuracy chain needs of a finished search: a0, a1, a2 on the audit split."""

from __future__ import annotations

from typing import Any

import torch

from gapless.core import Arch
from gapless.engine.run import Run
from gapless.engine.sampled import Proposes
from gapless.evaluate.accuracy import Score, accuracy
from gapless.nets.gate import Mix, onehot, path
from gapless.nets.statistics import recalibrate
from gapless.spaces.contract import inherit

BATCH = 256
PATHS = 16
RECALIBRATION = 16


def mixture(run: Run) -> dict[str, Any]:
    """a0: the super-network with its final mixture.

    With a relaxation, its gate values; the mean over several draws where they are drawn. Without, it is the
    distribution that trained it, and a0 is the mean accuracy over paths drawn as the stage draws them.
    """
    relax = run.stage.relax
    if relax is not None:
        rngs = [run.streams_of_run.generator("a0", i) for i in range(PATHS)]
        with torch.no_grad():
            few = rngs if getattr(relax, "random", False) else rngs[:1]
            mixes: list[Mix] = [relax(run.alpha, run.choices, run.progress, rng) for rng in few]
    else:
        mixes = []
        while len(mixes) < PATHS:
            rng = run.streams_of_run.generator("a0", len(mixes))
            if isinstance(run.stage.update, Proposes):
                mixes.append(onehot(run.choices, run.stage.update.propose(run, rng)))
                continue
            assert run.stage.sample is not None
            mixes += [path(table) for table in run.stage.sample(run, rng)]
    scores = [accuracy(run.net, run.data.ordered("audit", BATCH, run.device), mix) for mix in mixes]
    mean, loss = (sum(getattr(s, name) for s in scores) / len(scores) for name in ("accuracy", "loss"))
    return {"accuracy": mean, "n": scores[0].n, "loss": loss, "paths": len(mixes)}


def inherited(run: Run, arch: Arch, recalibrated: bool) -> dict[str, Any]:
    """a1 and a2: the discretized sub-network with inherited weights, and statistics of its own."""
    child = inherit(run.space, run.net, arch, run.net_shape, run.data.shape)
    if recalibrated:
        streams = run.streams_of_run.child("recalibrate")
        batches = (
            run.data.batch(run.recipe.learns_from, t, run.recipe.batch, streams, run.device)
            for t in range(RECALIBRATION)
        )
        recalibrate(child, (x for x, _ in batches))
    return plain(accuracy(child, run.data.ordered("audit", BATCH, run.device)))


def plain(score: Score) -> dict[str, Any]:
    return {"accuracy": score.accuracy, "n": score.n, "loss": score.loss}
