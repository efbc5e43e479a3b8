"""Constant weights: a pass whose gradients are wanted for alpha alone computes no other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def constant(net: nn.Module) -> Iterator[None]:
    """Within, what the network computes has no gradient with respect to its parameters."""
    moving = [p for p in net.parameters() if p.requires_grad]
    for p in moving:
        p.requires_grad_(False)
    try:
        yield
    finally:
        for p in moving:
            p.requires_grad_(True)
