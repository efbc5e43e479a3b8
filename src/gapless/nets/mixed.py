"""The reference mixed operation: a plain list of modules, summed with their gate values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import torch
from torch import nn
from torch.nn import functional

from gapless.nets.gate import Gate
from gapless.nets.operations import Residual, dropped

__all__ = ["Mixed", "added", "dropped", "passed", "pooled_logits"]


class Mixed(nn.Module):
    """``sum_o gate_o * op_o(x)`` over the operations of one leaf choice.

    Args:
        operations: option name to module; options without a module (``none``) contribute zero and
            are never computed.
        row: row of this choice in its group's table.
        columns: column of each option in that table.
        group: name of that group, for tables of what operations cost.
    """

    def __init__(
        self, operations: Mapping[str, nn.Module], row: int, columns: Mapping[str, int], group: str = ""
    ) -> None:
        super().__init__()
        for option, module in operations.items():
            self.add_module(option, module)
        self.row, self.group = row, group
        self.columns = [(option, columns[option]) for option in operations]

    def forward(
        self, x: torch.Tensor, gate: Gate | None = None, drop_path: float = 0.0
    ) -> torch.Tensor | None:
        """`n x c x h x w` to the mixture, or None where nothing is active. Without a gate: the plain sum.

        In training, ``drop_path`` drops the body of a `Residual` operation and the whole output of any
        other, except the identity's.
        """
        weight, total = None if gate is None else gate.weight, None
        for column, y in self.outputs(x, gate, drop_path):
            term = y if weight is None else weight[self.row, column] * y
            total = term if total is None else total + term
        return total

    def outputs(
        self, x: torch.Tensor, gate: Gate | None, drop_path: float
    ) -> Iterator[tuple[int, torch.Tensor]]:
        """Column and output of each operation that is computed, before its gate value."""
        drop = drop_path if self.training else 0.0
        for option, column in self.columns:
            if gate is not None and not gate.computes(self.row, column):
                continue
            module = self.get_submodule(option)
            y = module(x, drop) if isinstance(module, Residual) else module(x)
            if drop and not isinstance(module, (nn.Identity, Residual)):
                y = dropped(y, drop)
            if gate is not None and gate.dropout is not None and gate.dropout[self.row, column]:
                y = functional.dropout(y, float(gate.dropout[self.row, column]), self.training)
            yield column, y


def passed(
    edge: nn.Module, x: torch.Tensor, gate: Gate | None, drop_path: float = 0.0
) -> torch.Tensor | None:
    """What an edge of a cell, a `Mixed` or one on partial channels, makes of ``x``; None where nothing.

    In training, ``drop_path`` drops a mixture whole, the identity with it (automl/RobustDARTS,
    src/search/model_search.py); without a gate, operations as `Mixed` does (quark0/darts, cnn/model.py).
    """
    if gate is None or not (drop_path and edge.training):
        return edge(x, gate, drop_path)  # type: ignore[no-any-return]
    y = edge(x, gate)
    return None if y is None else dropped(y, drop_path)


def added(terms: Iterable[torch.Tensor | None]) -> torch.Tensor | None:
    """The sum of what is there, from first to last; None where nothing is."""
    total: torch.Tensor | None = None
    for term in terms:
        if term is not None:
            total = term if total is None else total + term
    return total


def pooled_logits(x: torch.Tensor, classifier: nn.Linear) -> torch.Tensor:
    """Global average pooling and the classifier: `n x c x h x w` to `n x classes`."""
    pooled = functional.adaptive_avg_pool2d(x, 1)
    return classifier(torch.flatten(pooled, 1))  # type: ignore[no-any-return]
