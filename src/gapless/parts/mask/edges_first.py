"""Edges first: the edges of a node are compared as wholes, then the operations on each."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gapless.core import Arch, Space
from gapless.parts.contract import Discretization, Gates
from gapless.parts.mask.strongest import Strongest


@dataclass(frozen=True)
class EdgesFirst:
    """``rule`` on strengths scaled so that the strongest option of an edge has the sum of all of them.

    Where a strength is the share of an edge times that of an operation, `Strongest` then takes the edges
    with the largest shares and on each its operation with the largest. Reference: Tian et al. 2021
    (DA2S); sunsmarterjie/DAAS, cnn/model_search.py, which takes out the edges with the lowest beta first.

    Args:
        rule: how the scaled strengths are compared.
    """

    rule: Discretization = field(default_factory=Strongest)

    def __call__(self, choices: Space, gates: Gates) -> Arch:
        scaled = {}
        for group in choices.groups():
            table = gates[group.name]
            strongest = np.where(group.pickable, table, 0.0).max(1, keepdims=True)
            whole = np.where(group.mask, table, 0.0).sum(1, keepdims=True)
            scaled[group.name] = table * whole / np.where(strongest > 0, strongest, 1.0)
        return self.rule(choices, scaled)
