"""Elastic modules by hand, on plain tensors in float64."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def convolution(x: Tensor, weight: Tensor, kernel: int) -> Tensor:
    """A convolution of stride 1 with the central ``kernel x kernel`` of a larger weight."""
    start = (weight.shape[-1] - kernel) // 2
    centre = weight[:, :, start : start + kernel, start : start + kernel]
    return functional.conv2d(x, centre, padding=kernel // 2)


def bottleneck(x: Tensor, first: Tensor, second: Tensor, width: int) -> Tensor:
    """Two pointwise layers with a ReLU between, of which only the first ``width`` hidden channels are there.

    first `most x c`, second `c x most`.
    """
    hidden = torch.einsum("oc,nchw->nohw", first, x).clamp(min=0)
    return torch.einsum("co,nohw->nchw", second[:, :width], hidden[:, :width])


def repeated(x: Tensor, weights: list[Tensor], depth: int) -> Tensor:
    """``depth`` pointwise layers with tanh, the first of the list."""
    for weight in weights[:depth]:
        x = torch.tanh(torch.einsum("oc,nchw->nohw", weight, x))
    return x
