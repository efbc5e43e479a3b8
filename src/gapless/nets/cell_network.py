"""Cell network: stem, cells that read the two before them, global pooling, classifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn

from gapless.data.shape import ImageShape
from gapless.nets import fast, operations
from gapless.nets.cell import Cell
from gapless.nets.gate import Mix
from gapless.nets.mixed import pooled_logits


@dataclass(frozen=True)
class Place:
    """Where a cell stands.

    Args:
        number: of the cell, from 0.
        reduces: whether it halves the image.
        channels: of each of its nodes.
        first: what makes its first state of the output of the cell before the last.
        second: what makes its second state of the output of the last.
    """

    number: int
    reduces: bool
    channels: int
    first: nn.Module
    second: nn.Module


class Build(Protocol):
    def __call__(self, place: Place) -> tuple[str, Cell]:
        """The group that says what the cell computes, and the cell."""
        ...


def reductions(depth: int) -> tuple[int, int]:
    """Numbers of the cells that halve the image, at a third and two thirds; one of so few may be both."""
    return depth // 3, 2 * depth // 3


class CellNetwork(nn.Module):
    """`n x c x h x w` to logits `n x classes`.

    Args:
        depth: cells.
        nodes: of a cell, whose outputs are concatenated.
        channels: of a node of the first cell; twice as many from each reduction on.
        affine: whether the BatchNorm layers of the cells have scale and shift.
        build: makes the cells, from first to last.
    """

    def __init__(
        self, depth: int, nodes: int, channels: int, affine: bool, image: ImageShape, build: Build
    ) -> None:
        super().__init__()
        stem = 3 * channels
        self.stem = nn.Sequential(
            nn.Conv2d(image.channels, stem, 3, padding=1, bias=False), nn.BatchNorm2d(stem)
        )
        self.cells = nn.ModuleList()
        self.groups: list[str] = []
        c_prev_prev, c_prev, halved = stem, stem, False
        for number in range(depth):
            reduces = number in reductions(depth)
            channels *= 2 if reduces else 1
            first: nn.Module = (
                operations.FactorizedReduce(c_prev_prev, channels, affine)
                if halved
                else operations.relu_conv_norm(1)(c_prev_prev, channels, 1, affine)
            )
            second = operations.relu_conv_norm(1)(c_prev, channels, 1, affine)
            group, cell = build(Place(number, reduces, channels, first, second))
            self.groups.append(group)
            self.cells.append(cell)
            c_prev_prev, c_prev, halved = c_prev, nodes * channels, reduces
        self.classifier = nn.Linear(c_prev, image.classes)

    def forward(self, x: torch.Tensor, mix: Mix | None = None, drop_path: float = 0.0) -> torch.Tensor:
        """`n x c x h x w` to logits `n x classes`."""
        return self.supervised(x, mix, drop_path)[0]

    def supervised(
        self, x: torch.Tensor, mix: Mix | None = None, drop_path: float = 0.0
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits, and what leaves the second reduction cell (quark0/darts, cnn/model.py)."""
        s0 = s1 = inner = self.stem(fast.laid_out(x))
        _, second = reductions(len(self.cells))
        for number, (each, group) in enumerate(zip(self.cells, self.groups, strict=True)):
            s0, s1 = s1, each(s0, s1, None if mix is None else mix[group], drop_path)
            inner = s1 if number == second else inner
        return pooled_logits(s1, self.classifier), inner
