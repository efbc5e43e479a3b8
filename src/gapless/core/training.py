"""How weights are trained: an optimizer and a stand-alone training, as values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from gapless.core.errors import BadValue, UnknownName
from gapless.core.progress import Cosine, Linear, Schedule

FASTEST = 1e6
"""Learning rates stay below; float32 has overflowed long before."""


def inside(name: str, value: Any, below: float = math.inf) -> None:
    """Raises:
    BadValue: the value is no number from 0 to below ``below``.
    """
    if not isinstance(value, (int, float)) or not 0 <= value < below:
        bound = "and finite" if below == math.inf else f"and below {below:,.0f}"
        raise BadValue(
            expected=f"{name} of at least 0 {bound}", got=f"{value}", do=f"give {name} such a number"
        )


@dataclass(frozen=True)
class Optim:
    """An optimizer with its hyper-parameters; the learning rate may be a schedule.

    Args:
        kind: ``sgd`` (momentum ``betas[0]``) or ``adam``.
        lr: learning rate, per step, from 0 to below 1,000,000; a number or a schedule.
        betas: momentum for ``sgd``; the two decay rates for ``adam``; from 0 to below 1.
        weight_decay: coupled L2 penalty, added to the gradient.
        clip: largest norm of the whole gradient; none where 0.
        idle: what happens to weights that a step did not touch. ``freeze``: nothing. ``decay``: their
            gradient counts as zero, so momentum and weight decay still move them.

    Raises:
        UnknownName: no such kind, or no such way to be idle.
        BadValue: a number outside its range, or Nesterov's step without momentum.
    """

    kind: Literal["sgd", "adam"] = "sgd"
    lr: Schedule[float] = 0.025
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 3e-4
    clip: float = 0.0
    nesterov: bool = False
    idle: Literal["freeze", "decay"] = "freeze"

    def __post_init__(self) -> None:
        for name, known in (("kind", ("sgd", "adam")), ("idle", ("freeze", "decay"))):
            if getattr(self, name) not in known:
                raise UnknownName(f"{name} of an optimizer", getattr(self, name), known)
        if isinstance(self.lr, (Linear, Cosine)):
            inside("lr.start", self.lr.start, FASTEST)
            inside("lr.end", self.lr.end, FASTEST)
        elif not callable(self.lr):
            inside("lr", self.lr, FASTEST)
        for beta in self.betas:
            inside("betas", beta, 1)
        inside("weight_decay", self.weight_decay)
        inside("clip", self.clip)
        if self.nesterov and self.kind == "sgd" and not self.betas[0]:
            raise BadValue(
                expected="nesterov with momentum",
                got="betas[0] of 0",
                do="raise betas[0] or turn nesterov off",
            )


@dataclass(frozen=True)
class Training:
    """A stand-alone training.

    Args:
        epochs: passes over the training split.
        batch: images a step.
        cutout: side of the erased square in pixels; none where 0.
        augment: whether the data set's own augmentation is used.
        label_smoothing: share of the target that goes to all classes alike, from 0 to below 1.
        drop_path: probability of dropping an operation's output at the end of training, reached linearly;
            from 0 to below 1.
        auxiliary: weight of the loss of an auxiliary head, which is trained along and thrown away; none
            where 0.

    Raises:
        BadValue: a number outside its range.
    """

    epochs: int = 600
    batch: int = 96
    weights: Optim = Optim()
    label_smoothing: float = 0.0
    cutout: int = 0
    augment: bool = True
    drop_path: float = 0.0
    auxiliary: float = 0.0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 2:
            raise BadValue(
                expected="at least 1 epoch and a batch of at least 2 images",
                got=f"{self.epochs} epochs, batch {self.batch}",
                do="raise them",
            )
        inside("label_smoothing", self.label_smoothing, 1)
        inside("drop_path", self.drop_path, 1)
        inside("cutout", self.cutout)
        inside("auxiliary", self.auxiliary)
