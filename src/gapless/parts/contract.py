"""What a part is. Every part is a frozen value; all that changes is in the run that it is given.

    Relaxation   architecture parameters -> gate values
    Sampler      which operations a step computes, one table a forward
    Update       one step: how alpha and omega move
    Regularizer  a term added to the loss that alpha descends
    Perturbation what the weight step sees instead of the mix
    Mask         when options die: the whole space to a smaller one
    Observer     what is written into the trace, and when to stop
    Select       from a trained super-network to one architecture

A part may have ``conflicts(recipe, stage, choices) -> Iterable[str]``, lines that say why it cannot work with
the rest of its recipe, with its stage or with a space; the pre-flight check asks for them before any compute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

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
Scalars = dict[str, torch.Tensor]


class RunView(Protocol):
    """What a part sees of a run."""

    net: nn.Module
    alpha: Alpha
    choices: Space
    weights: Descent
    alphas: Descent
    extra: dict[str, torch.Tensor]
    history: list[Record]

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

    def mix(self, alpha: Alpha | None = None) -> Mix:
        """The stage's relaxation of alpha (the run's own where not given) at this step."""
        ...

    def perturbed(self, mix: Mix, batch: Batch) -> Mix:
        """What the weight step sees of a mix."""
        ...

    def paths(self) -> list[Mix]:
        """What the stage's sampler wants computed in this step."""
        ...

    def loss(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The recipe's loss, a scalar."""
        ...

    def penalty(self, mix: Mix) -> torch.Tensor | float:
        """The sum of the stage's regularizers; 0.0 where there is none."""
        ...


class Relaxation(Protocol):
    def init(self, choices: Space, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
        """Initial parameters of each group, `rows x options`."""
        ...

    def __call__(self, alpha: Alpha, choices: Space, progress: Progress, rng: np.random.Generator) -> Mix: ...


class Sampler(Protocol):
    def __call__(self, choices: Space, progress: Progress, rng: np.random.Generator) -> Sequence[Active]: ...


class Update(Protocol):
    def init(self, run: RunView) -> dict[str, torch.Tensor]:
        """Tensors that the rule carries from step to step; they are saved with the run."""
        ...

    def step(self, run: RunView, train: Batch, val: Batch) -> Scalars:
        """Moves alpha and omega once; returns what to average over the epoch for the trace."""
        ...


class Regularizer(Protocol):
    def __call__(self, run: RunView, mix: Mix) -> torch.Tensor: ...


class Perturbation(Protocol):
    def __call__(self, run: RunView, mix: Mix, batch: Batch) -> Mix: ...


class Mask(Protocol):
    def __call__(self, run: RunView, epoch_gates: Mapping[str, NDArray[np.float64]]) -> Space | None:
        """After an epoch: the smaller space, or None for no change."""
        ...


class Stop(Exception):
    """Raised by an observer to end its stage here."""


class Observer(Protocol):
    def __call__(self, run: RunView) -> dict[str, float]:
        """After an epoch: columns of the trace. Raises `Stop` to end the stage."""
        ...


class Discretization(Protocol):
    def __call__(self, choices: Space, gates: Mapping[str, NDArray[np.float64]]) -> Arch: ...
