"""Noise in place of an operation: standard normal numbers that know nothing of the image."""

from __future__ import annotations

import zlib

import numpy as np
import torch
from torch import nn


class Noise(nn.Module):
    """`n x c x h x w` to noise `n x c x ceil(h / stride) x ceil(w / stride)`, whatever the numbers.

    Reference: Zela et al. 2020 (R-DARTS), section 3 (S4); automl/RobustDARTS, src/operations.py. Deviation:
    nothing is drawn from torch's own generator. In training the numbers are a function of the seed that
    this generator was last given, which is another at every step, and of where the operation stands: both
    passes of a step, and a super-network and its sub-network, see the same noise. In evaluation they
    are those of seed 0, the same for every image, so logits do not depend on the batch around an image.
    """

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride, self.place = stride, 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x[:, :, :: self.stride, :: self.stride]
        if self.training:
            seed = (torch.initial_seed() + self.place) % (1 << 63)
            drawn = torch.Generator(x.device).manual_seed(seed)
            return torch.randn(x.shape, generator=drawn, device=x.device, dtype=x.dtype)
        image = np.random.default_rng(self.place).standard_normal((1, *x.shape[1:]))
        return torch.as_tensor(image, dtype=x.dtype, device=x.device).expand(x.shape[0], -1, -1, -1)


def placed(net: nn.Module) -> nn.Module:
    """The network, each of its `Noise` operations told apart from the others by its name."""
    for name, module in net.named_modules():
        if isinstance(module, Noise):
            module.place = zlib.crc32(name.encode()) << 16
    return net
