"""One process that times the steps of one super-network along one path, and prints JSON.

    python -m benchmarks.steps CONFIG PATH KIND REPEATS

``PATH``: ``plain`` (a list of modules as the published code computes it), ``channels_last`` (the same with
that memory format), ``torch`` (the fast path without native kernels), ``fast``. ``KIND``: ``weight``,
``alpha1``, ``alpha2``, ``evaluation``.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.utils.data import TensorDataset

import gapless.methods
from gapless.core import Streams
from gapless.data import from_datasets
from gapless.engine.run import Run
from gapless.nets import fast
from gapless.parts.update.bilevel import Bilevel
from gapless.parts.update.descend import descend
from gapless.spaces.contract import Shape
from gapless.spaces.darts import Darts

PATHS = ("plain", "channels_last", "torch", "fast")
KINDS = ("weight", "alpha1", "alpha2", "evaluation")


@dataclass(frozen=True)
class Config:
    """A super-network and a batch of random images."""

    channels: int
    cells: int
    batch: int
    side: int
    colours: int
    operations: int = 7

    def text(self) -> str:
        size = f"{self.side}x{self.side}x{self.colours}"
        return f"{self.channels} channels, {self.cells} cells, batch {self.batch}, {size}"


CONFIGS = {
    "a": Config(16, 8, 64, 32, 3), "b": Config(8, 4, 64, 16, 3), "c": Config(8, 5, 96, 28, 1),
    "quick": Config(8, 4, 16, 16, 3),
}  # fmt: skip


def along(path: str) -> AbstractContextManager[None]:
    """The context in which networks are computed along a path."""
    if path in ("plain", "channels_last"):
        return fast.only("plain")
    return fast.only("torch") if path == "torch" else nullcontext()


def started(config: Config, path: str, dtype: torch.dtype = torch.float32) -> Run:
    """A DARTS search at its first step, on random images of ten classes."""
    generator = torch.Generator().manual_seed(0)
    n = 4 * config.batch

    def images(count: int) -> TensorDataset:
        shape = (count, config.colours, config.side, config.side)
        return TensorDataset(torch.randn(shape, generator=generator), torch.arange(count) % 10)

    space = Darts(operations=Darts().operations[-config.operations :])
    recipe = replace(gapless.methods.get("darts"), batch=config.batch)
    shape = Shape(config.channels, config.cells, affine=False, pool_norm=True)
    data = from_datasets(images(n), images(64))
    run = Run(recipe, space, shape, data, Streams(0), torch.device("cpu"))
    run.net.to(dtype)
    if path == "channels_last":
        run.net.to(memory_format=torch.channels_last)
    return run


def steps(run: Run, config: Config, path: str) -> dict[str, Callable[[], Any]]:
    """What is timed, by kind."""
    train, val = run.batches()
    if path == "channels_last":
        train, val = ((x.contiguous(memory_format=torch.channels_last), y) for x, y in (train, val))

    def weight() -> None:
        mix = {name: replace(gate, weight=gate.weight.detach()) for name, gate in run.mix().items()}
        descend(run, [mix], train)

    @torch.no_grad()
    def evaluation() -> None:
        run.net.eval()
        run.net(train[0], run.mix())
        run.net.train()

    return {
        "weight": weight,
        "alpha1": lambda: Bilevel(order=1).gradient(run, train, val),
        "alpha2": lambda: Bilevel(order=2).gradient(run, train, val),
        "evaluation": evaluation,
    }


def timed(step: Callable[[], Any], repeats: int) -> list[float]:
    """Seconds of each of ``repeats`` calls, after one that is not counted."""
    step()
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        step()
        found.append(time.perf_counter() - start)
    return found


def peak() -> float:
    """Most memory of this process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)


def main() -> None:
    name, path, kind, repeats = sys.argv[1:5]
    config = CONFIGS[name] if name in CONFIGS else Config(**json.loads(name))
    with along(path):
        run = started(config, path)
        before = peak()
        seconds = timed(steps(run, config, path)[kind], int(repeats))
    print(json.dumps({"seconds": seconds, "peak_mb": peak(), "start_mb": before}))


if __name__ == "__main__":
    main()
