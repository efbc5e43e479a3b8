"""A cell of two inputs in plain torch, source by source."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from gapless.nets.cell_operations import Operations, plain_numbers
from gapless.nets.gate import Gate
from gapless.nets.source import states


@dataclass(frozen=True)
class SourceNodes:
    """A `Cell` the way torch computes it fast, on any device and differentiable to any order."""

    inputs: tuple[nn.Module, nn.Module]
    nodes: int
    stride: int
    operations: Operations

    def __call__(self, s0: torch.Tensor, s1: torch.Tensor, gate: Gate | None) -> torch.Tensor | None:
        """What the cell's modules would return; None where they have to do it themselves."""
        if not plain_numbers(s0, s1) or not self.operations.uniform():
            return None
        first = [module(s) for module, s in zip(self.inputs, (s0, s1), strict=True)]
        return torch.cat(states(first, self.nodes, self.stride, self.operations.each, gate)[2:], dim=1)
