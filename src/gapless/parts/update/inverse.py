"""Inverse: ``H^-1 v`` of the Hessian H of the training loss, by products with H alone."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from gapless.parts.update.matrix import Times
from gapless.parts.update.product import Gradients, dot


@dataclass(frozen=True)
class Conjugate:
    """``(H + damping * I)^-1 v`` by conjugate gradients from zero.

    Ends early where the curvature along a direction is not positive, which makes H no norm; then the best
    so far is the answer. Reference: Hestenes & Stiefel 1952; for hyper-gradients Pedregosa 2016,
    algorithm 1.

    Args:
        steps: products with H; as many as there are weights are exact but for rounding.
        damping: what is added to every eigenvalue; where the weights decay, their decay belongs here.
    """

    steps: int = 10
    damping: float = 0.0

    def __call__(self, times: Times, direction: Gradients) -> Gradients:
        found = [torch.zeros_like(v) for v in direction]
        rest = [v.detach().clone() for v in direction]
        way, left = rest, dot(rest, rest)
        alive = torch.ones_like(left, dtype=torch.bool)
        for _ in range(self.steps):
            image = [h + self.damping * p for h, p in zip(times(way), way, strict=True)]
            curvature = dot(way, image)
            alive = alive & (curvature > 0)
            length = torch.where(alive, left / curvature, 0.0)
            found = [x + length * p for x, p in zip(found, way, strict=True)]
            rest = [r - length * h for r, h in zip(rest, image, strict=True)]
            before, left = left, dot(rest, rest)
            turn = torch.where(alive, left / before, 0.0)
            way = [r + turn * p for r, p in zip(rest, way, strict=True)]
        return found


@dataclass(frozen=True)
class Neumann:
    """``step * sum_{k=0}^{terms} (I - step * H)^k v``, which tends to ``H^-1 v`` for step below 2 / |H|.

    Reference: Lorraine, Vicol & Duvenaud 2020, algorithm 3.

    Args:
        terms: products with H.
        step: where the inner problem is trained by gradient descent, its learning rate.
    """

    terms: int = 10
    step: float = 0.1

    def __call__(self, times: Times, direction: Gradients) -> Gradients:
        term, total = direction, direction
        for _ in range(self.terms):
            term = [v - self.step * h for v, h in zip(term, times(term), strict=True)]
            total = [t + v for t, v in zip(total, term, strict=True)]
        return [self.step * t for t in total]
