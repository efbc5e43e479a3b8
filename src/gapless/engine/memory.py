"""Memory: how a run stood at the ends of its last epochs, for observers that go back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

Tensors = dict[str, torch.Tensor]
Snapshot = tuple[Tensors, dict[str, Any]]
LEFT_OUT = ("trace", "alpha_trace", "history", "total", "memory")
"""What going back does not undo: batches go on to be new ones, and the trace shows what happened."""


@dataclass
class Memory:
    """The last ``keeps`` ends of epochs, the newest last; nothing where 0."""

    keeps: int = 0
    held: list[Snapshot] = field(default_factory=list)

    def remember(self, snapshot: Snapshot) -> None:
        tensors = {
            name: value.detach().clone()
            for name, value in snapshot[0].items()
            if name.split(":", 1)[0] not in LEFT_OUT
        }
        values = {name: value for name, value in snapshot[1].items() if name not in LEFT_OUT}
        self.held = [*self.held, (tensors, values)][-self.keeps :]

    def recall(self, back: int) -> Snapshot:
        """How it stood ``back`` epochs before the newest end; what came after is forgotten."""
        self.held = self.held[: len(self.held) - back]
        return self.held[-1]

    def saved(self) -> Snapshot:
        """All of it, as one."""
        tensors = {
            f"{i}:{name}": tensor for i, (held, _) in enumerate(self.held) for name, tensor in held.items()
        }
        return tensors, {"values": [values for _, values in self.held]}

    def restore(self, tensors: Mapping[str, torch.Tensor], values: Mapping[str, Any]) -> None:
        """What `saved` gave."""
        self.held = [({}, each) for each in values["values"]]
        for name, tensor in tensors.items():
            i, key = name.split(":", 1)
            self.held[int(i)][0][key] = tensor
