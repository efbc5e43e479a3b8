"""Scoring one architecture with weights inherited from a super-network."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor, nn

from gapless.core import Arch, Streams
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.data import Data
from gapless.evaluate import prefix
from gapless.evaluate.accuracy import Score, accuracy
from gapless.nets.cost import Cost, count
from gapless.nets.statistics import recalibrate
from gapless.spaces.contract import Chained, SearchSpace, Shape, inherit


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
        held: validation batches at most, the same for every architecture; 0: all.

    Raises:
        BadValue: no batch, or a batch below 2 images.
    """

    batches: int = 8
    batch: int = 64
    recalibrate: bool = True
    held: int = 0

    def __post_init__(self) -> None:
        if self.batches < 1 or self.batch < 2 or self.held < 0:
            raise BadValue(
                expected="batches >= 1, batch >= 2 and held >= 0",
                got=f"batches={self.batches}, batch={self.batch}, held={self.held}",
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
            recalibrate(child, self._calibration(data, device, dtype, seed_streams))
        score = accuracy(child, self._held(data, device, dtype))
        return _record(arch, score, count(child, data.shape), time.perf_counter() - start)

    def scores(
        self,
        space: SearchSpace,
        net: nn.Module,
        archs: Sequence[Arch],
        shape: Shape,
        data: Data,
        device: torch.device | str,
        seed_streams: Streams,
        progress: Callable[[float], None] | None = None,
    ) -> list[Record]:
        """What `score` gives for each architecture, in the order given, within rounding.

        Where the network is `Chained`, what architectures share at their start is computed once. A record
        does not depend on the other architectures, apart from ``seconds``: an equal share of the whole.

        Args:
            archs: any number; one that is repeated is scored once.
            progress: called with the share that is done, in (0, 1].

        Raises:
            BadValue: not an architecture of the space.
        """
        tell = progress or (lambda share: None)
        distinct = list(dict.fromkeys(archs))
        if not isinstance(net, Chained):
            found = {}
            for i, arch in enumerate(distinct, 1):
                found[arch] = self.score(space, net, arch, shape, data, device, seed_streams)
                tell(i / len(distinct))
            return [found[arch] for arch in archs]
        start = time.perf_counter()
        for arch in distinct:
            space.choices.check(arch)
        links, dtype = net.links(), next(net.parameters()).dtype
        paths = [tuple(arch.option(choice) for choice in links.layers) for arch in distinct]
        whole = -(-data.size("val") // self.batch)
        held = min(whole, self.held or whole)
        total = held + (self.batches if self.recalibrate else 0)
        done = 0

        def passed(batches: int) -> None:
            nonlocal done
            done += batches
            tell(done / (total * len(paths)))

        walked = prefix.scored(
            links,
            paths,
            data.shape,
            (lambda: self._calibration(data, device, dtype, seed_streams)) if self.recalibrate else None,
            lambda: self._held(data, device, dtype),
            passed,
        )
        seconds = (time.perf_counter() - start) / max(1, len(archs))
        records = {a: _record(a, *walked[path], seconds) for a, path in zip(distinct, paths, strict=True)}
        return [records[arch] for arch in archs]

    def _held(
        self, data: Data, device: torch.device | str, dtype: torch.dtype
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """The images that are scored."""
        return islice(data.ordered("val", self.batch, device, dtype), self.held or None)

    def _calibration(
        self, data: Data, device: torch.device | str, dtype: torch.dtype, seed_streams: Streams
    ) -> Iterable[Tensor]:
        """The images over which statistics are averaged: the same for all architectures."""
        streams = seed_streams.child("recalibrate")
        for step in range(self.batches):
            yield data.batch("train", step, self.batch, streams, device, dtype)[0]


def _record(arch: Arch, score: Score, cost: Cost, seconds: float) -> Record:
    return Record(
        arch=arch,
        metrics={"accuracy": score.accuracy, "loss": score.loss, "n": score.n},
        cost={"parameters": cost.parameters, "macs": cost.macs},
        seconds=seconds,
        provenance="inherited",
    )
