"""Curvature: the largest eigenvalue of the Hessian of a loss in alpha, by Lanczos with exact products."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from gapless.nets.constant import constant
from gapless.nets.fast import plain
from gapless.nets.seeded import seeded
from gapless.nets.statistics import still
from gapless.parts.contract import Batch, RunView
from gapless.parts.update.product import dot, filled

Vector = NDArray[np.float64]


def largest(run: RunView, batch: Batch, steps: int) -> float:
    """The largest eigenvalue of the Hessian of a batch's loss in alpha; 0 where alpha has no influence."""
    x, y = batch
    alphas = list(run.alpha.values())
    seed = run.streams.integer("eigenvalue")
    with seeded(seed, run.device), still(run.net), constant(run.net), plain():
        loss = run.loss(run.forward(x, run.mix()), y)
    slope = torch.autograd.grad(loss, alphas, create_graph=True, allow_unused=True)
    reached = [i for i, g in enumerate(slope) if g is not None and g.requires_grad]
    by, slopes = [alphas[i] for i in reached], [g for g in slope if g is not None and g.requires_grad]

    def product(flat: Vector) -> Vector:
        parts = torch.split(torch.from_numpy(flat).to(by[0]), [a.numel() for a in by])
        along = dot(slopes, [part.view_as(a) for part, a in zip(parts, by, strict=True)])
        found = torch.autograd.grad(along, by, retain_graph=True, allow_unused=True)
        return torch.cat([g.flatten() for g in filled(found, by)]).double().cpu().numpy()

    n = sum(a.numel() for a in by)
    start = run.streams.generator("eigenvalue").standard_normal(n)
    return lanczos(product, start, steps) if n else 0.0


def lanczos(product: Callable[[Vector], Vector], start: Vector, steps: int) -> float:
    """The largest eigenvalue of a symmetric matrix by its products with vectors, at most so many."""
    basis = [start / np.linalg.norm(start)]
    diagonal: list[float] = []
    beside: list[float] = []
    for _ in range(min(steps, len(start))):
        image = product(basis[-1])
        diagonal.append(float(image @ basis[-1]))
        for q in (*basis, *basis):
            image = image - (image @ q) * q
        length = float(np.linalg.norm(image))
        if length <= 1e-12 * max(map(abs, (*diagonal, *beside))):
            break
        beside.append(length)
        basis.append(image / length)
    between = beside[: len(diagonal) - 1]
    small = np.diag(diagonal) + np.diag(between, 1) + np.diag(between, -1)
    return float(np.linalg.eigvalsh(small)[-1])
