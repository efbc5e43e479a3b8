"""Products of second derivatives of the training loss with a vector, at the run's own weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from gapless.nets.fast import plain
from gapless.nets.gate import Mix
from gapless.parts.contract import Batch, RunView

Gradients = list[torch.Tensor]
Partial = list[torch.Tensor | None]
"""None stands for zeros, where nothing depends on the tensor."""


class Product(Protocol):
    """A way to compute both products; vectors and weights are in the order of the run's weights."""

    def mixed(self, run: RunView, batch: Batch, direction: Gradients) -> Partial:
        """``d2_alpha_w L_tr . direction``, in the order of the run's alpha."""
        ...

    def hessian(self, run: RunView, batch: Batch, direction: Gradients) -> Gradients:
        """``d2_w L_tr . direction``."""
        ...


@dataclass(frozen=True)
class Exact:
    """Automatic differentiation, twice through the training loss."""

    def mixed(self, run: RunView, batch: Batch, direction: Gradients) -> Partial:
        return _twice(run, batch, direction, list(run.alpha.values()))

    def hessian(self, run: RunView, batch: Batch, direction: Gradients) -> Gradients:
        by = list(run.weights.named.values())
        return filled(_twice(run, batch, direction, by), by)


@dataclass(frozen=True)
class Difference:
    """Central differences of the gradient along the vector v, with half-width ``radius / |v|``.

    Reference: Liu, Simonyan & Yang 2019, eq. 8; quark0/darts, cnn/architect.py (radius 0.01).
    """

    radius: float = 0.01

    def mixed(self, run: RunView, batch: Batch, direction: Gradients) -> Partial:
        return self._apart(run, batch, direction, by_alpha=True)

    def hessian(self, run: RunView, batch: Batch, direction: Gradients) -> Gradients:
        return filled(self._apart(run, batch, direction, by_alpha=False), direction)

    def _apart(self, run: RunView, batch: Batch, direction: Gradients, by_alpha: bool) -> Partial:
        norm = torch.sqrt(dot(direction, direction))
        radius = self.radius / norm.clamp_min(torch.finfo(norm.dtype).tiny)
        sides = []
        for sign in (1, -1):
            moved = {
                n: (w + sign * radius * v).detach()
                for (n, w), v in zip(run.weights.named.items(), direction, strict=True)
            }
            by = list(run.alpha.values()) if by_alpha else [w.requires_grad_() for w in moved.values()]
            loss = training_loss(run, batch, moved, run.mix())
            if not loss.requires_grad:
                return [None] * len(by)
            sides.append(torch.autograd.grad(loss, by, allow_unused=True))
        return [
            None if up is None or down is None else (up - down) / (2 * radius)
            for up, down in zip(*sides, strict=True)
        ]


def _twice(run: RunView, batch: Batch, direction: Gradients, by: Gradients) -> Partial:
    weights = list(run.weights.named.values())
    with plain():
        loss = training_loss(run, batch, dict(run.weights.named), run.mix())
    slope = torch.autograd.grad(loss, weights, create_graph=True, allow_unused=True)
    reached = [(g, v) for g, v in zip(slope, direction, strict=True) if g is not None and g.requires_grad]
    if not reached:
        return [None] * len(by)
    along = dot([g for g, _ in reached], [v for _, v in reached])
    return list(torch.autograd.grad(along, by, allow_unused=True))


def training_loss(run: RunView, batch: Batch, weights: Mapping[str, torch.Tensor], mix: Mix) -> torch.Tensor:
    """Loss of a batch with other weights than the run's, a scalar."""
    x, y = batch
    return run.loss(run.forward(x, mix, weights), y)


def dot(a: Sequence[torch.Tensor], b: Sequence[torch.Tensor]) -> torch.Tensor:
    """Inner product of two vectors that are lists of tensors."""
    return sum((x * y).sum() for x, y in zip(a, b, strict=True))  # type: ignore[return-value]


def filled(found: Sequence[torch.Tensor | None], like: Sequence[torch.Tensor]) -> Gradients:
    """Gradients with zeros where there is none."""
    return [torch.zeros_like(w) if g is None else g for g, w in zip(found, like, strict=True)]
