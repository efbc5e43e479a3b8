"""Architectures scored before they are trained."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from gapless.core import Arch, Streams
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.data import Data
from gapless.evaluate import zerocost as scores
from gapless.nets.cost import count
from gapless.nets.seeded import seeded
from gapless.spaces.contract import SearchSpace, Shape, subnet


@dataclass(frozen=True, eq=False)
class ZeroCost:
    """``evaluator(arch, seed)``: one metric a score, of a fresh network on one batch of ``train``.

    All architectures of a seed see the same images. A record has no ``accuracy``.

    Args:
        scores: names of `gapless.evaluate.zerocost`, without repetition.
        shape: of the network.
        data: gives the images; it reads them when it is called.
        batch: images, not augmented.

    Raises:
        BadValue: no score, one twice, or a batch below 2 images.
        UnknownName: no such score.
    """

    scores: Sequence[str]
    space: SearchSpace
    shape: Shape
    data: Callable[[], Data]
    device: torch.device | str = "cpu"
    batch: int = 64

    def __post_init__(self) -> None:
        if not self.scores or len(set(self.scores)) < len(self.scores) or self.batch < 2:
            raise BadValue(
                expected="zero-cost scores, each once, and batch >= 2",
                got=f"{', '.join(self.scores) or 'none'}, batch={self.batch}",
                do=f"choose some of {', '.join(scores.names())}",
            )
        for name in self.scores:
            scores.get(name)

    def __call__(self, arch: Arch, seed: int) -> Record:
        """Raises:
        BadValue: not an architecture of the space.
        """
        start, data, streams = time.perf_counter(), self.data(), Streams(seed)
        with seeded(streams.integer("init")):
            net = subnet(self.space, arch, self.shape, data.shape).to(self.device)
        images, labels = data.batch("train", 0, self.batch, streams, self.device)
        drawn = streams.integer("score")
        metrics = {name: scores.get(name)(net, images, labels, drawn) for name in self.scores}
        cost = count(net, data.shape)
        costs = {"parameters": cost.parameters, "macs": cost.macs}
        return Record(arch, metrics, costs, time.perf_counter() - start, "zero-cost")


def zerocost(
    names: Sequence[str], space: SearchSpace, shape: Shape, data: Callable[[], Data],
    device: torch.device | str = "cpu", batch: int = 64,
) -> ZeroCost:  # fmt: skip
    """`ZeroCost` by names.

    Raises:
        BadValue: no score, one twice, or a batch below 2 images.
        UnknownName: no such score.
    """
    return ZeroCost(tuple(names), space, shape, data, device, batch)
