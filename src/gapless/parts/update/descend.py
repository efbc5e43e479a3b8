"""The weight step that all update rules share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import torch

from gapless.nets.gate import Mix
from gapless.parts.contract import Batch, RunView, Scalars


def scores(kind: str, loss: torch.Tensor, logits: torch.Tensor, labels: torch.Tensor) -> Scalars:
    """``kind_loss`` and ``kind_accuracy`` of one batch, without waiting for the device."""
    hits = (logits.detach().argmax(1) == labels).double().mean()
    return {f"{kind}_loss": loss.detach().double(), f"{kind}_accuracy": hits}


def mixes(run: RunView) -> Sequence[Mix]:
    """What the weight step computes: the sampler's paths, or the mix as a constant where there is none."""
    if paths := run.paths():
        return paths
    return [
        {n: replace(g, weight=None if g.weight is None else g.weight.detach()) for n, g in run.mix().items()}
    ]


def descend(run: RunView, mixes: Sequence[Mix], batch: Batch) -> Scalars:
    """One weight step on the sum of the losses of several mixes, whose gradients are accumulated.

    omega <- omega - lr * sum_k grad_omega L(F(x; mix_k, omega), y), as the run's optimizer does it.
    """
    x, y = batch
    run.weights.clear()
    rows = []
    for mix in mixes:
        logits = run.forward(x, run.perturbed(mix, batch))
        loss = run.loss(logits, y)
        loss.backward()  # type: ignore[no-untyped-call]
        rows.append(scores("train", loss, logits, y))
    run.weights.step(run.progress)
    return mean(rows)


def mean(rows: Sequence[Scalars]) -> Scalars:
    """Of every scalar over the paths."""
    return {name: torch.stack([row[name] for row in rows]).mean() for name in rows[0]}


def no_sampler(name: str, stage: Any) -> Iterable[str]:
    """Says that a rule has no paths to descend on."""
    if stage.sample is None:
        yield f"the update rule '{name}' needs a sampler, but the stage has none"
