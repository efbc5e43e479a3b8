"""Training: small regression networks, several at once, the same at every call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from gapless.evaluate.predictor.contract import Values
from gapless.nets.seeded import seeded


@dataclass(frozen=True)
class Trained:
    """Networks with outputs `members x n`, for values ``shift + scale * output``."""

    net: nn.Module
    shift: float
    scale: float

    def predict(self, x: Values) -> Values:
        return self.moments(x)[0]

    def moments(self, x: Values) -> tuple[Values, Values]:
        """Mean over the members, and their standard deviation."""
        with torch.no_grad():
            each = self.net(torch.as_tensor(x, dtype=torch.float32)).double().numpy()
        return self.shift + self.scale * each.mean(0), self.scale * each.std(0)


def trained(
    build: Callable[[], nn.Module], x: Values, y: Values, epochs: int, lr: float, decay: float, seed: int
) -> Trained:
    """Adam with a learning rate that falls along a cosine to 0, every step on all rows.

    Args:
        build: a network from `n x ...` to `members x n`.
        x: `n x ...`.
        y: `n`, brought to mean 0 and variance 1.
        decay: weight decay, decoupled (Loshchilov & Hutter 2019).
    """
    shift, scale = float(y.mean()), float(y.std()) or 1.0
    inputs = torch.as_tensor(x, dtype=torch.float32)
    targets = torch.as_tensor((y - shift) / scale, dtype=torch.float32)
    with seeded(seed):
        net = build()
    optimizer = torch.optim.AdamW(net.parameters(), lr=lr, weight_decay=decay)
    for epoch in range(epochs):
        for group in optimizer.param_groups:
            group["lr"] = lr * (1 + np.cos(np.pi * epoch / epochs)) / 2
        loss = (net(inputs) - targets).square().mean(1).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return Trained(net.requires_grad_(False), shift, scale)


class Members(nn.Module):
    """A linear layer for each member: `members x n x a` (or `n x a` for all) to `members x n x b`."""

    def __init__(self, members: int, a: int, b: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(members, a, b) * np.sqrt(2 / a))
        self.bias = nn.Parameter(torch.zeros(members, 1, b))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.weight + self.bias
