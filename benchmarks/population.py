"""Scoring many architectures of a chain by their common beginnings, beside scoring them one at a time.

    python -m benchmarks.population WAY N REPEATS

``WAY``: ``single`` (one at a time; seconds are for all N, from the first `SAMPLE`) or ``tree``.
"""

from __future__ import annotations

import json
import sys
import time

import torch
from torch.utils.data import TensorDataset

from benchmarks.steps import peak
from gapless.core import Arch, Streams
from gapless.data import Data, from_datasets
from gapless.evaluate.inherited import Inherited
from gapless.nets import fast
from gapless.nets.seeded import seeded
from gapless.spaces.chain import Chain
from gapless.spaces.contract import Shape

SAMPLE = 12
STRIDES = (1, 1, 2, 1, 1, 2, 1, 1)
SPACE = Chain(options=("identity", "k3e3", "k5e6"), widths=(1, 1, 2, 2, 2, 4, 4, 4), strides=STRIDES)
SHAPE = Shape(8, affine=False)
EVALUATOR = Inherited(batches=2, batch=64)


def data() -> Data:
    """128 images to calibrate and 256 to score on, 28 x 28 x 1."""
    generator = torch.Generator().manual_seed(0)

    def images(n: int) -> TensorDataset:
        return TensorDataset(torch.randn(n, 1, 28, 28, generator=generator), torch.arange(n) % 10)

    return from_datasets(images(572), images(64))


def architectures(n: int) -> list[Arch]:
    """N distinct random architectures of the space."""
    choices, rng = SPACE.choices, Streams(0).generator("population")
    return [choices.at(int(i)) for i in rng.permutation(choices.size())[:n]]


def main() -> None:
    way, n, repeats = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    images = data()
    with seeded(0):
        net = SPACE.network(SPACE.choices, SHAPE, images.shape)
    archs, streams, device = architectures(n), Streams(0), torch.device("cpu")
    seconds: list[float] = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        if way == "tree":
            records = EVALUATOR.scores(SPACE, net, archs, SHAPE, images, device, streams)
            seconds.append(time.perf_counter() - start)
        else:
            with fast.only("plain"):
                few = archs[:SAMPLE]
                records = [EVALUATOR.score(SPACE, net, a, SHAPE, images, device, streams) for a in few]
            seconds.append((time.perf_counter() - start) * n / len(records))
    losses = [record.metrics["loss"] for record in records[:SAMPLE]]
    timed = seconds[1:] if repeats else seconds
    print(json.dumps({"seconds": timed, "peak_mb": peak(), "losses": losses}))


if __name__ == "__main__":
    main()
