"""An operation and an activation function, chosen apart: two gates whose product weighs each pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn import functional

from gapless.nets.cell_network import CellNetwork
from gapless.nets.gate import Gate, Mix
from gapless.nets.mixed import Mixed, added

ACTIVATIONS = {
    "identity": lambda x: x,
    "relu": functional.relu,
    "relu6": functional.relu6,
    "swish": functional.silu,
}


@dataclass(frozen=True)
class Pair(Gate):
    """The gates of operations, with those of activations beside them.

    Args:
        second: `rows x activations`.
    """

    second: Gate = field(default_factory=Gate)


class Factored(Mixed):
    """``sum_o sum_a gate_o * gate_a * a(op_o(x))``: an operation is computed once for all activations.

    Args:
        operations: as in `Mixed`.
        activations: those of this choice, of `ACTIVATIONS`, to their columns.
        at: row of the choice of activations in its group's table.
    """

    def __init__(
        self, operations: Mapping[str, nn.Module], row: int, columns: Mapping[str, int], group: str,
        activations: Mapping[str, int], at: int,
    ) -> None:  # fmt: skip
        super().__init__(operations, row, columns, group)
        self.activations, self.at = dict(activations), at

    def forward(
        self, x: torch.Tensor, gate: Gate | None = None, drop_path: float = 0.0
    ) -> torch.Tensor | None:
        """`n x c x h x w` to the mixture, or None where nothing is active. Without a gate: the plain sum."""
        second = gate.second if isinstance(gate, Pair) else Gate()
        terms = []
        for column, y in self.outputs(x, gate, drop_path):
            active = self._activated(y, second)
            if active is not None and gate is not None and gate.weight is not None:
                active = gate.weight[self.row, column] * active
            terms.append(active)
        return added(terms)

    def _activated(self, y: torch.Tensor, gate: Gate) -> torch.Tensor | None:
        terms = []
        for name, column in self.activations.items():
            if gate.computes(self.at, column):
                term = ACTIVATIONS[name](y)
                terms.append(term if gate.weight is None else gate.weight[self.at, column] * term)
        return added(terms)


class FactoredNetwork(CellNetwork):
    """A cell network whose edges are `Factored`; see `second` for where gates of activations are."""

    def supervised(
        self, x: torch.Tensor, mix: Mix | None = None, drop_path: float = 0.0
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """As in a cell network; of gates, the pairs."""
        return super().supervised(x, None if mix is None else paired(mix), drop_path)


def second(group: str) -> str:
    """Name of the group of the activations that stand beside the operations of a group."""
    return f"{group}-activation"


def paired(mix: Mix) -> Mix:
    """The gates of operations, each with those of its activations."""
    return {
        name: Pair(gate.weight, gate.active, gate.dropout, mix[second(name)])
        for name, gate in mix.items()
        if second(name) in mix
    }
