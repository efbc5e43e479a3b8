"""Architectures scored before they are trained."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from gapless.core import Arch, Streams
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.data import Data
from gapless.evaluate import zerocost as scores
from gapless.evaluate.contract import Setting
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


@dataclass(frozen=True, eq=False)
class Untrained:
    """An evaluator of `gapless explore` by `ZeroCost`.

    A record's ``accuracy`` is `standing` of the first score: it orders architectures as the score does, and
    says nothing about how often a network would be right.
    """

    scored: ZeroCost
    seed: int
    together: int = 1

    @property
    def measure(self) -> str:
        """What accuracies stand for."""
        return self.scored.scores[0]

    def __call__(self, archs: Sequence[Arch]) -> list[Record]:
        return [self._record(arch) for arch in archs]

    def _record(self, arch: Arch) -> Record:
        record = self.scored(arch, self.seed)
        value = record.metrics[self.scored.scores[0]]
        return replace(record, metrics={"accuracy": standing(value), **record.metrics})


def standing(score: float) -> float:
    """A number in [0, 1] that rises with the score, however large it is: ``(1 + s / (1 + |s|)) / 2``.

    s is the inverse hyperbolic sine of the score. Not a number stays what it is.
    """
    if math.isinf(score):
        return float(score > 0)
    s = math.asinh(score)
    return (1 + s / (1 + abs(s))) / 2


def untrained(setting: Setting, argument: str) -> Untrained:
    """``NAME,NAME,...``: scores of the deployment shape, of which the first is explored by.

    Raises:
        BadValue: no score, or one twice.
        UnknownName: no such score.
    """
    names = [name.strip() for name in argument.split(",") if name.strip()]
    evaluator = zerocost(names, setting.space, setting.preset.deploy, setting.data, setting.device)
    return Untrained(evaluator, setting.streams.integer("zerocost"))


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
