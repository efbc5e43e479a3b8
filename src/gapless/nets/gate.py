"""Gates: the values that multiply the outputs of operations, one table for each group of choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from gapless.core import Arch, Space


@dataclass(frozen=True)
class Gate:
    """Gate values of one group.

    Args:
        weight: `rows x options`; None stands for ones.
        active: `rows x options`, which operations are computed at all; None stands for all. It is a
            plain array on the host, so that nothing waits for a device.
        dropout: `rows x options`, the probability with which an element of that operation's output is
            zeroed in training, the others scaled up; None where nowhere.
    """

    weight: torch.Tensor | None = None
    active: NDArray[np.bool_] | None = None
    dropout: NDArray[np.float64] | None = None

    def computes(self, row: int, column: int) -> bool:
        return self.active is None or bool(self.active[row, column])


Mix = Mapping[str, Gate]


def path(active: Mapping[str, NDArray[np.bool_]]) -> Mix:
    """The mix that computes exactly the marked operations, each with weight 1."""
    return {name: Gate(active=table) for name, table in active.items()}


def onehot(space: Space, arch: Arch) -> Mix:
    """The mix that computes exactly the operations of one architecture."""
    return path(space.active(arch))
