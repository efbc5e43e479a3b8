"""Matrix: what stands for the inverse Hessian in the gradient of alpha."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gapless.parts.update.product import Gradients

Times = Callable[[Gradients], Gradients]
"""Multiplies a vector with the Hessian of the training loss in the weights."""


class Matrix(Protocol):
    """M, applied to a vector; ``times`` multiplies with H."""

    def __call__(self, times: Times, direction: Gradients) -> Gradients: ...


@dataclass(frozen=True)
class Identity:
    """M = I."""

    def __call__(self, times: Times, direction: Gradients) -> Gradients:
        return direction


@dataclass(frozen=True)
class Hessian:
    """M = H."""

    def __call__(self, times: Times, direction: Gradients) -> Gradients:
        return times(direction)
