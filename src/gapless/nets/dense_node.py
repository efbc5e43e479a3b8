"""A cell of one input, whose last node is its output, in plain torch, source by source."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from gapless.nets.cell_operations import Operations, plain_numbers
from gapless.nets.gate import Gate
from gapless.nets.source import states


@dataclass(frozen=True)
class DenseNodes:
    """Such a cell the way torch computes it fast, on any device and differentiable to any order."""

    nodes: int
    operations: Operations

    @classmethod
    def of(cls, edges: nn.ModuleDict, nodes: int) -> DenseNodes | None:
        """None where an edge has a module that is not known here.

        Args:
            edges: ``source-target`` to the mixed operation, all of stride 1; state 0 is the input.
        """
        operations = Operations.dense(edges)
        return None if operations is None else cls(nodes, operations)

    def __call__(self, x: torch.Tensor, gate: Gate | None) -> torch.Tensor | None:
        """What the cell's modules would return; None where they have to do it themselves."""
        if not plain_numbers(x) or not self.operations.uniform():
            return None
        return states([x], self.nodes, 1, self.operations.each, gate)[-1]
