"""Threshold: what is too weak is left out where an architecture may go without it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gapless.core import Arch, Space
from gapless.parts.contract import Discretization, Gates
from gapless.parts.mask.strongest import Strongest

_BELOW = 1e-6  # so much smaller are strengths below the threshold, so that they come last in any product


@dataclass(frozen=True)
class Threshold:
    """The option ``absent`` at a leaf choice where no other strength is at least ``least``; else ``rule``.

    Among several inputs of a node, ``rule`` takes those at or above the threshold before those below.
    Where an architecture needs so many options and has no ``absent``, the strongest are kept even if they
    are too weak. Reference: Chu et al. 2020 (Fair DARTS); xiaomi-automl/FairDARTS,
    fairdarts/utils.py, ``threshold_sparse`` (0.85, at most 2 inputs of a node).

    Args:
        least: the smallest strength that an operation is kept for.
        absent: the option that stands for nothing.
        rule: how the others are compared.
    """

    least: float = 0.85
    absent: str = "none"
    rule: Discretization = field(default_factory=Strongest)

    def __call__(self, choices: Space, gates: Gates) -> Arch:
        weighed = {}
        for group in choices.groups():
            table = gates[group.name]
            weighed[group.name] = np.where(table >= self.least, table, _BELOW * table)
            if self.absent in group.options:
                weighed[group.name][:, group.options.index(self.absent)] = _BELOW * self.least
        return self.rule(choices, weighed)
