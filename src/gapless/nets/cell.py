"""Cell: two inputs, nodes that sum mixed operations of earlier states, concatenated."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from gapless.nets import fast
from gapless.nets.cell_operations import Operations
from gapless.nets.gate import Gate
from gapless.nets.mixed import added, passed
from gapless.nets.native_cell import NativeCell
from gapless.nets.source_node import SourceNodes


class Cell(nn.Module):
    """`n x c_prev_prev x h x w` and `n x c_prev x h x w` to `n x (nodes * channels) x h' x w'`.

    States 0 and 1 are the inputs as ``preprocess0`` and ``preprocess1`` make them; node i is state 2 + i.
    However it is computed, parameters, statistics and results are those of the plain list of modules.

    Args:
        edges: (source, target) states to what is between them, a `Mixed` or a `Partial`.
        stride: of the edges that leave states 0 and 1.
    """

    def __init__(
        self, preprocess0: nn.Module, preprocess1: nn.Module, edges: Mapping[tuple[int, int], nn.Module],
        nodes: int, channels: int, stride: int,
    ) -> None:  # fmt: skip
        super().__init__()
        self.preprocess0, self.preprocess1 = preprocess0, preprocess1
        self.edges = nn.ModuleDict({f"{source}-{target}": mixed for (source, target), mixed in edges.items()})
        self.nodes, self.channels, self.stride = nodes, channels, stride
        known = Operations.of(self)
        self.native: NativeCell | None = None
        self.source_nodes: SourceNodes | None = None
        if known is not None:
            self.native = NativeCell(nodes, channels, stride, known)
            self.source_nodes = SourceNodes((preprocess0, preprocess1), nodes, stride, known)

    def forward(
        self, s0: torch.Tensor, s1: torch.Tensor, gate: Gate | None = None, drop_path: float = 0.0
    ) -> torch.Tensor:
        """The mixture that ``gate`` says, every operation with weight 1 where it is None."""
        elementwise = gate is not None and gate.dropout is not None
        if not ((drop_path or elementwise) and self.training):
            out = self._fast(s0, s1, gate)
            if out is not None:
                return out
        states = [self.preprocess0(s0), self.preprocess1(s1)]
        for target in range(2, 2 + self.nodes):
            terms = [
                passed(self.edges[f"{source}-{target}"], state, gate, drop_path)
                for source, state in enumerate(states)
                if f"{source}-{target}" in self.edges
            ]
            total = added(terms)
            if total is None:
                total = torch.zeros_like(states[1][..., :: self.stride, :: self.stride])
            states.append(total)
        return torch.cat(states[2:], dim=1)

    def _fast(self, s0: torch.Tensor, s1: torch.Tensor, gate: Gate | None) -> torch.Tensor | None:
        """None where every module has to be called."""
        out = None
        if self.native is not None and fast.allowed(s0, "native"):
            out = self.native(s0, s1, gate)
        if out is None and self.source_nodes is not None and fast.allowed(s0, "torch"):
            out = self.source_nodes(s0, s1, gate)
        return out
