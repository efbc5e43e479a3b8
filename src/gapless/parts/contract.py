"""What a part is. Every part is a frozen value; all that changes is in the run that it is given.

    Relaxation   architecture parameters -> gate values
    Sampler      which operations a step computes, one table a forward
    Update       one step: how alpha and omega move
    Regularizer  a term added to the loss that alpha descends
    Perturbation what the weight step sees instead of the mix
    Mask         when options die: the whole space to a smaller one
    Observer     what is written into the trace, and when to stop or to go back
    Select       from a trained super-network to one architecture

A part may have ``conflicts(recipe, stage, choices) -> Iterable[str]``, lines that say why it cannot work with
the rest of its recipe, with its stage or with a space; the pre-flight check asks for them before any compute.
An update, mask, regularizer, perturbation or observer may have ``init(run) -> Extra``: what it carries from
step to step, made when its stage begins, while ``run.extra`` is still what the stage before carried. It is in
``run.extra`` under the names given, saved with the run. A tensor comes back on the device where ``init`` made
it, and on the host where a part has added it later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from gapless.core import Arch, Progress, Space, Streams
from gapless.core.record import Record
from gapless.nets.descent import Descent
from gapless.nets.gate import Mix

Batch = tuple[torch.Tensor, torch.Tensor]
Alpha = dict[str, torch.Tensor]
Active = Mapping[str, NDArray[np.bool_]]
Gates = Mapping[str, NDArray[np.float64]]
Scalars = dict[str, torch.Tensor]
Extra = dict[str, torch.Tensor | nn.Module | Descent]


@dataclass(frozen=True)
class Validation:
    """Mean cross-entropy in nats, and accuracy in [0, 1]."""

    loss: float
    accuracy: float


class RunView(Protocol):
    """What a part sees of a run."""

    net: nn.Module
    alpha: Alpha
    choices: Space
    weights: Descent
    alphas: Descent
    extra: dict[str, Any]
    history: list[Record]
    alpha_trace: list[dict[str, Any]]
    device: torch.device

    @property
    def progress(self) -> Progress: ...

    @property
    def streams(self) -> Streams:
        """Streams of this very step: the same name gives new numbers at every step."""
        ...

    @property
    def alpha_moves(self) -> bool:
        """False while the stage holds alpha still."""
        ...

    def batches(self) -> tuple[Batch, Batch]:
        """The training and the validation batch of the step that begins here."""
        ...

    def forward(
        self, x: torch.Tensor, mix: Mix, weights: Mapping[str, torch.Tensor] | None = None
    ) -> torch.Tensor:
        """Logits `n x classes`, with the run's own or other weights and the stage's drop path."""
        ...

    def mix(self, alpha: Alpha | None = None) -> Mix:
        """The stage's relaxation of alpha (the run's own where not given) at this step."""
        ...

    def costs(self, kind: str) -> Gates:
        """What each operation of the super-network costs, for each group `rows x options`.

        ``kind`` is ``macs`` (of one image) or ``params``. What every architecture has is left out.
        """
        ...

    def gates(self) -> Gates:
        """Strengths of the options of each group, on the host, `rows x options`; empty without alpha."""
        ...

    def network(self, depth: float = 1.0) -> nn.Module:
        """Another super-network of the present choices, with that many times the cells, freshly initialised.

        It is the same whenever it is made within a stage.
        """
        ...

    def validation(self, mix: Mix, batches: int = 0, own_statistics: bool = True) -> Validation:
        """Score of a mix on the validation split, or on its first batches; nothing in the network changes.

        With ``own_statistics`` BatchNorm layers use each batch's statistics, else the running ones.
        """
        ...

    def perturbed(self, mix: Mix, batch: Batch) -> Mix:
        """What the weight step sees of a mix."""
        ...

    def paths(self) -> list[Mix]:
        """What the stage's sampler wants the weight step to compute; empty where it has none."""
        ...

    def loss(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The recipe's loss, a scalar."""
        ...

    def penalty(self, mix: Mix) -> torch.Tensor | float:
        """The sum of the stage's regularizers; 0.0 where there is none."""
        ...


class Relaxation(Protocol):
    """Alpha may have further tables, named ``group|what``, whose rows are those of the group.

    A relaxation that draws numbers has ``random = True``.
    """

    def init(self, choices: Space, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
        """Initial parameters of each group, `rows x options`."""
        ...

    def __call__(self, alpha: Alpha, choices: Space, progress: Progress, rng: np.random.Generator) -> Mix: ...

    def strengths(self, alpha: Alpha, choices: Space, progress: Progress) -> dict[str, torch.Tensor]:
        """What options are compared by when they are picked or pruned, `rows x options`; nothing is drawn."""
        ...


class Sampler(Protocol):
    def __call__(self, run: RunView, rng: np.random.Generator) -> Sequence[Active]:
        """What is computed, a table a path; all chance comes from ``rng``."""
        ...


class Update(Protocol):
    def init(self, run: RunView) -> Extra:
        """What the rule carries from step to step; it is saved with the run."""
        ...

    def step(self, run: RunView, train: Batch, val: Batch) -> Scalars:
        """Moves alpha and omega once; returns what to average over the epoch for the trace."""
        ...


def objections(part: Any, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
    """What a part says against the rest; nothing where it has no ``conflicts`` or is None."""
    ask = getattr(part, "conflicts", None)
    return () if ask is None else ask(recipe, stage, choices)


class Regularizer(Protocol):
    def __call__(self, run: RunView, mix: Mix) -> torch.Tensor: ...


class Perturbation(Protocol):
    def __call__(self, run: RunView, mix: Mix, batch: Batch) -> Mix: ...


class Mask(Protocol):
    def __call__(self, run: RunView, epoch_gates: Gates) -> Space | None:
        """After an epoch: the smaller space, or None for no change."""
        ...


class Stop(Exception):
    """Raised by an observer to end its stage, as it stood ``back`` epochs ago.

    An observer that goes back has ``remembers``, the largest number of epochs that it may go.
    """

    def __init__(self, back: int = 0, row: Mapping[str, float] | None = None) -> None:
        super().__init__(back)
        self.back, self.row = back, dict(row or {})


class Rollback(Stop):
    """Raised by an observer to go on from where the stage stood ``back`` epochs ago, after ``then(run)``."""

    def __init__(
        self, back: int, then: Callable[[RunView], None], row: Mapping[str, float] | None = None
    ) -> None:
        super().__init__(back, row)
        self.then = then


class Observer(Protocol):
    def __call__(self, run: RunView) -> dict[str, float]:
        """After an epoch: columns of the trace. Raises `Stop` or `Rollback`, with these as ``row``."""
        ...


class Discretization(Protocol):
    def __call__(self, choices: Space, gates: Gates) -> Arch: ...
