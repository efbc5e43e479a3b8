"""Decision: a place in a module where one of several options is picked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from gapless.nets.gate import Gate
from gapless.nn.scope import SCOPE, Row, Scope, option

Part = tuple[str, nn.Module]
"""A module, and its name seen from the option that it is a part of."""


class Decision(nn.Module, ABC):
    """``sum_o gate_o * option_o(x)`` within a network of a space; elsewhere the option `usual` alone.

    Options that are not active are not computed. Whatever the arguments are, they go to the option.
    """

    kind = ""
    name = ""
    """Seen from the option, or the network, that it lies in; given when the space is read."""
    nested = False
    """Whether there are decisions in its options."""

    @property
    @abstractmethod
    def options(self) -> tuple[str, ...]: ...

    @property
    @abstractmethod
    def usual(self) -> str:
        """The option that is computed where nobody has chosen."""

    @abstractmethod
    def parts(self, picked: str) -> list[Part]:
        """What an option consists of."""

    @abstractmethod
    def holdings(self) -> list[tuple[list[Part], tuple[str, ...]]]:
        """All modules of all options, each with the options that it is of."""

    @abstractmethod
    def keep(self, options: Sequence[str]) -> None:
        """Lets go of all other options, and of what only they have."""

    @abstractmethod
    def computed(self, picked: str, *args: Any, **more: Any) -> torch.Tensor:
        """The output of one option."""

    def outputs(
        self, scope: Scope, wanted: Sequence[str], *args: Any, **more: Any
    ) -> Iterator[tuple[str, torch.Tensor]]:
        """The output of each of several options, in the order given."""
        for picked in wanted:
            with option(scope, self.name, picked):
                y = self.computed(picked, *args, **more)
            yield picked, y

    def forward(self, *args: Any, **more: Any) -> torch.Tensor:
        scope = SCOPE.get()
        if scope is None:
            return self.computed(self.usual, *args, **more)
        if scope.trial is not None:
            return scope.trial(self, args, more)  # type: ignore[no-any-return]
        row = scope.row(self.name)
        gate = scope.gate(row)
        wanted = [o for o in row.options if gate.computes(row.row, row.columns[o])]
        total: torch.Tensor | None = None
        for picked, y in self.outputs(scope, wanted or row.options[:1], *args, **more):
            y = self._gated(y, gate, row, picked)  # noqa: PLW2901
            total = y if total is None else total + y
        assert total is not None
        return total if wanted else torch.zeros_like(total)

    def _gated(self, y: torch.Tensor, gate: Gate, row: Row, picked: str) -> torch.Tensor:
        where = row.row, row.columns[picked]
        if gate.dropout is not None and gate.dropout[where]:
            y = functional.dropout(y, float(gate.dropout[where]), self.training)
        return y if gate.weight is None else gate.weight[where] * y
