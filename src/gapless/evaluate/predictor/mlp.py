"""MLP: an ensemble of small fully connected networks."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn

from gapless.evaluate.predictor.contract import Values, check, check_settings
from gapless.evaluate.predictor.training import Members, Trained, trained


class Layers(nn.Module):
    """Fully connected, ReLU between: `n x inputs` to `members x n`."""

    def __init__(self, members: int, inputs: int, width: int, depth: int) -> None:
        super().__init__()
        widths = (inputs, *[width] * depth, 1)
        self.layers = nn.ModuleList(Members(members, a, b) for a, b in pairwise(widths))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.unsqueeze(0)
        for i, layer in enumerate(self.layers):
            x = layer(x if i == 0 else x.relu())
        return x.squeeze(2)


@dataclass(frozen=True)
class Mlp:
    """White, Neiswanger & Savani 2021 (BANANAS), section 4: the mean of five networks, and their spread.

    naszilla/naszilla, naszilla/params.py: 150 epochs of Adam at 0.01. Deviation: two layers of 64, the
    squared error and steps on all rows, where that has ten of 20, the absolute error and batches of 32; input
    is `Space.encode`, not the path encoding.

    Args:
        members: networks, which differ by their first weights.
        width: of a layer.
        depth: layers before the output.
        epochs: steps on all rows.
        lr: the first learning rate of Adam.
        decay: weight decay.
        seed: of the first weights.

    Raises:
        BadValue: a number below 1.
    """

    members: int = 5
    width: int = 64
    depth: int = 2
    epochs: int = 150
    lr: float = 0.01
    decay: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(members=(self.members, 1), width=(self.width, 1), depth=(self.depth, 1))
        check_settings(epochs=(self.epochs, 1))

    def fit(self, x: Values, y: Values) -> Trained:
        check(x, y)

        def build() -> nn.Module:
            return Layers(self.members, x.shape[1], self.width, self.depth)

        return trained(build, x, y, self.epochs, self.lr, self.decay, self.seed)
