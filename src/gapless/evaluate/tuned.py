"""Tuned: how well a sub-network does while its inherited weights become its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from gapless.core import Arch, Cosine, Streams
from gapless.core.errors import BadValue
from gapless.core.training import Optim
from gapless.evaluate.early import first_losses, speed

if TYPE_CHECKING:
    from gapless.data import Data
    from gapless.spaces.contract import SearchSpace, Shape


@dataclass(frozen=True)
class Tuned:
    """The metric ``tuned``: the training loss in nats, negated, in the mean over a few steps from inherited
    weights.

    Shared weights are a compromise between all sub-networks; some are further from their own optimum than
    others. A few steps take most of that away, and their losses are of images that were not trained on yet.
    Every architecture sees the same images in the same order. The sum of training losses as a score is that
    of Ru et al. 2021, there from scratch.

    Args:
        steps: of training.
        batch: images in each.
        weights: the optimizer.

    Raises:
        BadValue: no step, or a batch below 2 images.
    """

    steps: int = 30
    batch: int = 64
    weights: Optim = field(
        default_factory=lambda: Optim("sgd", Cosine(0.03, per="step"), (0.9, 0), 5e-4, nesterov=True)
    )

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 2:
            raise BadValue(
                expected="steps >= 1 and batch >= 2",
                got=f"steps={self.steps}, batch={self.batch}",
                do="raise them",
            )

    def __call__(
        self, space: SearchSpace, net: torch.nn.Module, arch: Arch, shape: Shape, data: Data,
        device: torch.device, streams: Streams,
    ) -> float:  # fmt: skip
        """The super-network is not changed.

        Args:
            net: the super-network, already on ``device``.
            shape: the one with which it was built.
            streams: keep them for all architectures.

        Raises:
            BadValue: not an architecture of the space.
        """
        from gapless.spaces.contract import inherit

        child = inherit(space, net, arch, shape, data.shape)
        return speed(first_losses(child, self.weights, self.steps, self.batch, data, device, streams))
