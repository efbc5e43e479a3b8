"""Switches: one for each choice and one for each of its options, whose product is the gate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from gapless.core import Progress, Space
from gapless.nets.gate import Gate, Mix
from gapless.parts.contract import Alpha
from gapless.parts.relax.logits import present

OPTIONS, CHOICES = "", "|choice"
"""The two kinds of switches: a group's own table, and a table with one column beside it."""


@dataclass(frozen=True)
class Switches:
    """``gate_co = s_c * s_co``, not normalised.

    Beside each table of switches are two of the same form that are no switches, and which no gradient
    reaches: gamma, the variance of the prior of each switch, and omega, its weight in the penalty; both
    start at 1. Options are compared by gamma, which an update rule in closed form keeps.
    Reference: Zhou et al. 2019 (BayesNAS); BayesNAS/BayesNAS, search/OneShot.py.

    Args:
        start: of every switch.
    """

    start: float = 1.0

    def init(self, choices: Space, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
        tables = {}
        for group in choices.groups():
            for kind, columns in ((OPTIONS, len(group.options)), (CHOICES, 1)):
                names = (group.name + kind, *(beside(group.name, kind, what) for what in ("gamma", "omega")))
                for name, value in zip(names, (self.start, 1.0, 1.0), strict=True):
                    tables[name] = np.full((len(group.rows), columns), value, np.float32)
        return tables

    def __call__(self, alpha: Alpha, choices: Space, progress: Progress, rng: np.random.Generator) -> Mix:
        return {
            group.name: Gate(alpha[group.name + CHOICES] * alpha[group.name], present(group))
            for group in choices.groups()
        }

    def strengths(self, alpha: Alpha, choices: Space, progress: Progress) -> dict[str, torch.Tensor]:
        found = {}
        for group in choices.groups():
            gamma = alpha[beside(group.name, OPTIONS, "gamma")].detach()
            found[group.name] = gamma.masked_fill(~torch.from_numpy(group.mask).to(gamma.device), 0.0)
        return found


def beside(group: str, kind: str, what: str) -> str:
    """Name of the table ``gamma`` or ``omega`` of a kind of switches."""
    return f"{group}{kind or '|option'} {what}"
