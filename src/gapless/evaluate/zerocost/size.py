"""params and macs: how large a network is, which is hard to beat."""

from __future__ import annotations

from torch import Tensor, nn

from gapless.data.shape import ImageShape
from gapless.nets.cost import Cost, count


def params(net: nn.Module, images: Tensor, labels: Tensor, seed: int = 0) -> float:
    """Numbers that are trained."""
    return float(_cost(net, images).parameters)


def macs(net: nn.Module, images: Tensor, labels: Tensor, seed: int = 0) -> float:
    """Multiply-accumulate operations for one image."""
    return float(_cost(net, images).macs)


def _cost(net: nn.Module, images: Tensor) -> Cost:
    _, c, h, w = images.shape
    return count(net, ImageShape(c, h, w, 0))
