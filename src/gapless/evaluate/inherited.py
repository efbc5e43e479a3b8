"""Scoring one architecture with weights inherited from a super-network."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from torch import nn

from gapless.core import Arch, Streams
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.data import Data
from gapless.evaluate.accuracy import accuracy
from gapless.nets.cost import count
from gapless.nets.statistics import recalibrate
from gapless.spaces.contract import SearchSpace, Shape, inherit


@dataclass(frozen=True)
class Inherited:
    """Accuracy on ``val`` of the sub-network cut out of a super-network, without training.

    BatchNorm statistics are computed anew over the same training images for every architecture, so that
    scores differ by architecture alone.

    As published (Guo et al. 2019, section 3.4; megvii-model/SinglePathOneShot, src/Search): 200 batches
    of 128, ``Inherited(batches=200, batch=128)``. The default is for small data.

    Args:
        batches: training batches, not augmented, over which statistics are averaged.
        batch: images in each, and at most in each validation batch; at least 2.
        recalibrate: False keeps the statistics of the super-network.

    Raises:
        BadValue: no batch, or a batch below 2 images.
    """

    batches: int = 8
    batch: int = 64
    recalibrate: bool = True

    def __post_init__(self) -> None:
        if self.batches < 1 or self.batch < 2:
            raise BadValue(
                expected="batches >= 1 and batch >= 2",
                got=f"batches={self.batches}, batch={self.batch}",
                do="raise them, or give recalibrate=False to keep the statistics",
            )

    def score(
        self,
        space: SearchSpace,
        net: nn.Module,
        arch: Arch,
        shape: Shape,
        data: Data,
        device: torch.device | str,
        seed_streams: Streams,
    ) -> Record:
        """Record with metrics ``accuracy``, ``loss`` (nats) and ``n``, costs ``parameters`` and ``macs``.

        The super-network is not changed.

        Args:
            net: the super-network, already on ``device``.
            shape: the one with which the super-network was built.
            seed_streams: which training images statistics come from; keep it for all architectures.

        Raises:
            BadValue: not an architecture of the space.
        """
        start = time.perf_counter()
        child = inherit(space, net, arch, shape, data.shape)
        dtype = next(child.parameters()).dtype
        if self.recalibrate:
            streams = seed_streams.child("recalibrate")
            steps = range(self.batches)
            batches = (data.batch("train", step, self.batch, streams, device, dtype) for step in steps)
            recalibrate(child, (x for x, _ in batches))
        score = accuracy(child, data.ordered("val", self.batch, device, dtype))
        cost = count(child, data.shape)
        return Record(
            arch=arch,
            metrics={"accuracy": score.accuracy, "loss": score.loss, "n": score.n},
            cost={"parameters": cost.parameters, "macs": cost.macs},
            seconds=time.perf_counter() - start,
            provenance="inherited",
        )
