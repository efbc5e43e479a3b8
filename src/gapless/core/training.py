"""How weights are trained: an optimizer and a stand-alone training, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gapless.core.errors import BadValue
from gapless.core.progress import Schedule


@dataclass(frozen=True)
class Optim:
    """An optimizer with its hyper-parameters; any number may be a schedule.

    Args:
        kind: ``sgd`` (momentum ``betas[0]``) or ``adam``.
        lr: learning rate, per step.
        betas: momentum for ``sgd``; the two decay rates for ``adam``.
        weight_decay: coupled L2 penalty, added to the gradient.
        clip: largest norm of the whole gradient; none where 0.
        idle: what happens to weights that a step did not touch. ``freeze``: nothing. ``decay``: their
            gradient counts as zero, so momentum and weight decay still move them.
    """

    kind: Literal["sgd", "adam"] = "sgd"
    lr: Schedule[float] = 0.025
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 3e-4
    clip: float = 0.0
    nesterov: bool = False
    idle: Literal["freeze", "decay"] = "freeze"


@dataclass(frozen=True)
class Training:
    """A stand-alone training.

    Args:
        epochs: passes over the training split.
        batch: images a step.
        cutout: side of the erased square in pixels; none where 0.
        augment: whether the data set's own augmentation is used.
        drop_path: probability of dropping an operation's output at the end of training, reached linearly.
    """

    epochs: int = 600
    batch: int = 96
    weights: Optim = Optim()
    label_smoothing: float = 0.0
    cutout: int = 0
    augment: bool = True
    drop_path: float = 0.0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 2:
            raise BadValue(
                expected="at least 1 epoch and a batch of at least 2 images",
                got=f"{self.epochs} epochs, batch {self.batch}",
                do="raise them",
            )
