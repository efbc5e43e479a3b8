"""Distillation: sub-networks learn what the largest one said of the images before their stage."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from gapless.core import Space
from gapless.core.errors import BadValue
from gapless.nets.gate import Mix, path
from gapless.nets.statistics import still
from gapless.parts.contract import Batch, Extra, RunView, Scalars
from gapless.parts.sample.price import extreme
from gapless.parts.update.descend import mean, no_sampler, scores

TEACHER = "distillation/teacher"


@dataclass(frozen=True)
class Distillation:
    """All paths of a step learn from labels and from the dearest sub-network as it was before the stage, or
    before the first of several such stages in a row.

        omega <- omega - lr * grad_omega sum_k (labels * L(z_k, y) + soft * KL(p || p_k))

    p is the softmax `n x classes` of the teacher, which normalises by the batch like its pupils and never
    changes. Reference: Cai et al. 2020 (Once-for-All, section 3.3); mit-han-lab/once-for-all,
    train_ofa_net.py (kd_ratio 1), ofa/imagenet_classification/elastic_nn/training/progressive_shrinking.py.

    Args:
        labels: weight of the labels.
        soft: weight of the teacher's answer.
        cost: by what a sub-network is the dearest, ``macs`` or ``params``.

    Raises:
        BadValue: a weight below 0.
    """

    labels: float = 1.0
    soft: float = 1.0
    cost: str = "macs"

    def __post_init__(self) -> None:
        check_weights(self.labels, self.soft)

    def init(self, run: RunView) -> Extra:
        """The super-network as the stage begins; the teacher of the stage before, if that had one."""
        if TEACHER in run.extra:
            return {TEACHER: run.extra[TEACHER]}
        teacher = run.network()
        teacher.load_state_dict(run.net.state_dict())
        return {TEACHER: teacher}

    def step(self, run: RunView, train: Batch, val: Batch) -> Scalars:
        teacher: nn.Module = run.extra[TEACHER]
        dearest = path(run.choices.active(extreme(run.choices, run.costs(self.cost), dearest=True)))
        with torch.no_grad(), still(teacher):
            told = teacher(train[0], dearest)
        run.weights.clear()
        rows = [learn(run, mix, train, told, self.labels, self.soft)[1] for mix in run.paths()]
        run.weights.step(run.progress)
        return mean(rows)

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        yield from no_sampler("distillation", stage)
        if stage == recipe.stages[0] or stage.fresh:
            yield "the update rule 'distillation' learns from what a stage before it learnt; there is none"
        if stage.mask is not None:
            yield "the update rule 'distillation' keeps a teacher of the whole space and works with no mask"


def learn(
    run: RunView, mix: Mix, batch: Batch, told: Tensor | None, labels: float, soft: float
) -> tuple[Tensor, Scalars]:
    """Adds the gradient of one path; its logits, as a constant, and what the trace has of it."""
    x, y = batch
    logits = run.forward(x, run.perturbed(mix, batch))
    loss = run.loss(logits, y)
    whole = labels * loss
    if told is not None:
        answer = told.softmax(1)
        whole = whole + soft * functional.kl_div(logits.log_softmax(1), answer, reduction="batchmean")
    whole.backward()  # type: ignore[no-untyped-call]
    return logits.detach(), scores("train", loss, logits, y)


def check_weights(labels: float, soft: float) -> None:
    """Raises:
    BadValue: a weight below 0.
    """
    if labels < 0 or soft < 0:
        raise BadValue(
            expected="weights of labels and of the teacher of at least 0", got=f"{labels} and {soft}",
            do="raise them",
        )  # fmt: skip
