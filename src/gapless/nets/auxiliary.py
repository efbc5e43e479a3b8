"""Auxiliary head: a second classifier on an inner output, which helps a training and is then thrown away."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch
from torch import nn

from gapless.nets.gate import Mix

POOL, STRIDE = 5, 3
PROJECTED, WIDE = 128, 768


@runtime_checkable
class Supervised(Protocol):
    """A network that has an output within for a second classifier to read."""

    def supervised(
        self, x: torch.Tensor, mix: Mix | None = None, drop_path: float = 0.0
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """`n x c x h x w` to logits `n x classes`, and the inner output `n x c' x h' x w'`."""
        ...


class AuxiliaryHead(nn.Module):
    """`n x c x h x w` to logits `n x classes`.

    ReLU, average pooling of 5 by stride 3, a projection to 128 channels, a convolution over all that is left
    to 768, each with BatchNorm and ReLU, and a classifier. What is smaller than 5 is not pooled.

    Reference: quark0/darts, cnn/model.py, for 8 x 8; tensorflow/models, research/slim/nets/nasnet/nasnet.py.

    Args:
        channels: c.
        side: h and w.
    """

    def __init__(self, channels: int, side: tuple[int, int], classes: int) -> None:
        super().__init__()
        pools = min(side) >= POOL
        h, w = ((n - POOL) // STRIDE + 1 if pools else n for n in side)
        self.features = nn.Sequential(
            nn.ReLU(),
            nn.AvgPool2d(POOL, STRIDE) if pools else nn.Identity(),
            nn.Conv2d(channels, PROJECTED, 1, bias=False),
            nn.BatchNorm2d(PROJECTED),
            nn.ReLU(),
            nn.Conv2d(PROJECTED, WIDE, (h, w), bias=False),
            nn.BatchNorm2d(WIDE),
            nn.ReLU(),
            nn.Flatten(),
        )
        self.classifier = nn.Linear(WIDE, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.classifier(self.features(x))
        return logits
