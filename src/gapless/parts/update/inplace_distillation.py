"""Inplace distillation: the first path of a step teaches the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gapless.core import Space
from gapless.parts.contract import Batch, Extra, RunView, Scalars
from gapless.parts.update.descend import mean, no_sampler
from gapless.parts.update.distillation import check_weights, learn


@dataclass(frozen=True)
class InplaceDistillation:
    """The first path of a step learns from labels and, as it is in that step, teaches the others.

        omega <- omega - lr * grad_omega (L(z_1, y) + sum_{k>1} (labels * L(z_k, y) + soft * KL(p_1 || p_k)))

    z_k are the logits `n x classes` of path k, p_k their softmax, and p_1 is a constant. Made for samplers
    whose first path is the dearest, such as the sandwich rule. Reference: Yu & Huang 2019 (universally
    slimmable networks, section 3.3; AutoSlim); JiahuiYu/slimmable_networks, train.py, utils/loss_ops.py,
    where the others see no labels and KL is the cross-entropy, which differs by what has no gradient.

    Args:
        labels: weight of the labels in what the others learn.
        soft: weight of the teacher's answer.

    Raises:
        BadValue: a weight below 0.
    """

    labels: float = 0.0
    soft: float = 1.0

    def __post_init__(self) -> None:
        check_weights(self.labels, self.soft)

    def init(self, run: RunView) -> Extra:
        return {}

    def step(self, run: RunView, train: Batch, val: Batch) -> Scalars:
        first, *others = run.paths()
        run.weights.clear()
        told, said = learn(run, first, train, None, 1.0, 0.0)
        rows = [said, *(learn(run, mix, train, told, self.labels, self.soft)[1] for mix in others)]
        run.weights.step(run.progress)
        return mean(rows)

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        yield from no_sampler("inplace-distillation", stage)
