"""Early: what a fresh network says before it is trained, and how fast a narrower one learns at first."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from gapless.core import Arch, Cosine, Progress, Streams
from gapless.core.errors import BadValue
from gapless.core.training import Optim
from gapless.evaluate import zerocost
from gapless.nets.descent import Descent
from gapless.nets.seeded import seeded
from gapless.nets.statistics import Normalization

if TYPE_CHECKING:
    from gapless.data import Data
    from gapless.spaces.contract import SearchSpace, Shape

LAST = 5
"""The speed is read off the last of so many parts of the steps."""


@dataclass(frozen=True)
class Early:
    """Metrics of one architecture, each higher for a better one: zero-cost scores, and ``speed``.

    ``speed`` is the training loss in nats, negated, in the mean over the last fifth of ``steps``: training
    speed as Ru et al. 2021 (speedy performance estimation, SoTL-E) measure it, over steps instead of epochs.
    All architectures of a seed begin with the same seed of weights and see the same images in the same
    order, so that they differ by architecture alone. What shared weights in a shallow network cannot tell
    it can: whether a network as deep as the one that will be used trains at all.

    Args:
        scores: of `gapless.evaluate.zerocost`, of the untrained network on the first batch.
        steps: of training.
        batch: images in each.
        width: of the network that is trained, as a share of the channels of the one that will be used.
        side: pixels of the shorter side that the network that is trained sees at most; 0: all.
        weights: the optimizer.

    Raises:
        BadValue: fewer than 5 steps, a batch below 2 images, or no width.
        UnknownName: no such score.
    """

    scores: tuple[str, ...] = ("synflow", "expressivity", "jacob-cov", "params")
    steps: int = 100
    batch: int = 64
    width: float = 0.5
    side: int = 0
    weights: Optim = field(
        default_factory=lambda: Optim("sgd", Cosine(0.1, per="step"), (0.9, 0), 5e-4, nesterov=True)
    )

    def __post_init__(self) -> None:
        if self.steps < LAST or self.batch < 2 or not self.width > 0 or self.side < 0:
            raise BadValue(
                expected=f"steps >= {LAST}, batch >= 2, width > 0 and side >= 0",
                got=f"steps={self.steps}, batch={self.batch}, width={self.width}, side={self.side}",
                do="raise them",
            )
        for name in self.scores:
            zerocost.get(name)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of what is measured."""
        return (*self.scores, "speed")

    def __call__(
        self, space: SearchSpace, arch: Arch, shape: Shape, data: Data, device: torch.device, streams: Streams
    ) -> dict[str, float]:
        """Metrics by name; a training that diverges has a speed of minus infinity.

        Args:
            shape: of the network that will be used.
            data: trains on ``train``.
            streams: keep them for all architectures.

        Raises:
            BadValue: not an architecture of the space.
        """
        from gapless.spaces.contract import subnet

        def fresh(shape: Shape, seen: Data) -> torch.nn.Module:
            with seeded(streams.integer("init")):
                net = subnet(space, arch, shape, seen.shape)
            return net.to(device, images.dtype)

        images, labels = data.batch("train", 0, self.batch, streams, device)
        net, drawn = fresh(shape, data), streams.integer("score")
        found = {name: zerocost.get(name)(net, images, labels, drawn) for name in self.scores}
        seen = data.coarsened(self.side) if self.side else data
        net = fresh(replace(shape, channels=max(1, round(self.width * shape.channels))), seen)
        losses = first_losses(net, self.weights, self.steps, self.batch, seen, device, streams)
        return found | {"speed": speed(losses[-(self.steps // LAST) :])}


def first_losses(
    net: torch.nn.Module, weights: Optim, steps: int, batch: int, data: Data, device: torch.device,
    streams: Streams,
) -> torch.Tensor:  # fmt: skip
    """Trains a network for so many steps on ``train``; its loss in nats before each of them, `steps`."""
    descent, found = Descent(dict(net.named_parameters()), weights), []
    net.train()
    for module in net.modules():
        if isinstance(module, Normalization):
            module.track_running_stats = False  # nobody asks for them
    for step in range(steps):
        x, y = data.batch("train", step, batch, streams, device, augment=data.augment)
        descent.clear()
        with seeded(streams.integer("torch", step), device):
            loss = functional.cross_entropy(net(x), y)
            loss.backward()  # type: ignore[no-untyped-call]
        descent.step(Progress(step, steps, 0, 1))
        found.append(loss.detach().double())
    return torch.stack(found)


def speed(losses: torch.Tensor) -> float:
    """The mean loss, negated; minus infinity where it is not a number."""
    found = -losses.mean().item()
    return -math.inf if math.isnan(found) else found
