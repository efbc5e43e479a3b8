"""GCN: a graph network over an architecture's operations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn

from gapless.core import Arch, Space
from gapless.evaluate.predictor.contract import Values, check, check_settings
from gapless.evaluate.predictor.graphs import Drawing, drawn, nested
from gapless.evaluate.predictor.training import Members, Trained, trained


class Graphs(nn.Module):
    """``V <- relu(N(A) V W+) / 2 + relu(N(A^T) V W-) / 2``, the mean over nodes, a linear layer.

    N adds a link of every node to itself and divides rows by their sum. `n x v x (v + f)` to `members x n`.
    """

    def __init__(self, members: int, marks: int, width: int, layers: int) -> None:
        super().__init__()
        widths = (marks, *[width] * layers)
        pairs = list(pairwise(widths))
        self.onward = nn.ModuleList(Members(members, a, b) for a, b in pairs)
        self.backward = nn.ModuleList(Members(members, a, b) for a, b in pairs)
        self.head = Members(members, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, v, _ = x.shape
        links, marks = x[:, :, :v], x[:, :, v:]
        there = (marks.sum(2, keepdim=True) > 0).to(x.dtype)
        ahead, behind = normalised(links), normalised(links.transpose(1, 2))
        state = marks.unsqueeze(0)
        for onward, backward in zip(self.onward, self.backward, strict=True):
            flat = state.flatten(1, 2)  # members (or 1) x (n v) x f
            one, other = (layer(flat).unflatten(1, (n, v)) for layer in (onward, backward))
            state = ((ahead @ one).relu() + (behind @ other).relu()) / 2
        mean = (state * there).sum(2) / there.sum(1).clamp(min=1)
        found: torch.Tensor = self.head(mean).squeeze(2)
        return found


def normalised(links: torch.Tensor) -> torch.Tensor:
    """`n x v x v` with a link of every node to itself, rows divided by their sums."""
    linked = links + torch.eye(links.shape[1], dtype=links.dtype)
    return linked / linked.sum(2, keepdim=True)


@dataclass(frozen=True)
class Gcn:
    """Wen et al. 2020 (neural predictor), section 3.2: graph convolutions along the links and against them.

    Deviation: 48 units where the published one has 144; several networks, whose spread is the uncertainty;
    nodes are what `graphs` makes of an architecture.

    Args:
        drawing: `SearchSpace.drawing` of the space, whose edges become nodes too; None: nodes are picks,
            linked to what is inside them and to those of the next choice.
        members: networks, which differ by their first weights.
        width: of a node's state.
        layers: graph convolutions.
        epochs: steps on all rows.
        lr: the first learning rate of Adam.
        seed: of the first weights.

    Raises:
        BadValue: a number below 1.
    """

    drawing: Drawing | None = None
    members: int = 3
    width: int = 48
    layers: int = 3
    epochs: int = 120
    lr: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(members=(self.members, 1), width=(self.width, 1), layers=(self.layers, 1))
        check_settings(epochs=(self.epochs, 1))

    def features(self, space: Space, archs: Sequence[Arch]) -> Values:
        """`n x v x (v + f)`, see `gapless.evaluate.predictor.graphs`."""
        return drawn(space, archs, self.drawing) if self.drawing else nested(space, archs)

    def fit(self, x: Values, y: Values) -> Trained:
        check(x, y)
        marks = x.shape[2] - x.shape[1]

        def build() -> nn.Module:
            return Graphs(self.members, marks, self.width, self.layers)

        return trained(build, x, y, self.epochs, self.lr, 0.01, self.seed)
