"""Grouped operation dropout: some operations of each choice are left out of a step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gapless.core import Group, Schedule, Space, at
from gapless.nets.gate import Gate, Mix
from gapless.parts.contract import Batch, RunView
from gapless.parts.perturb.simplex import off_simplex


@dataclass(frozen=True)
class OperationDropout:
    """``gate_o <- k_o gate_o / sum_o' k_o' gate_o'``, k_o being 1 where operation o is kept, else 0.

    The operations of a choice are two groups: those that cost no multiplication (none, skips, poolings) and
    all others. Each of a group of n is dropped with probability ``rate^(1/n)``, anew in every step; where a
    whole group would go, which has probability ``rate``, the group is drawn again. What is dropped is not
    computed. Reference: Hong et al. 2020 (DropNAS), section 4; wiljohnhong/DropNAS, models/search_cnn.py,
    config.py (rate 3e-5), where the groups are listed by name.

    Args:
        rate: a number or a schedule, from 0 to below 1.
    """

    rate: Schedule[float] = 3e-5

    def __call__(self, run: RunView, mix: Mix, batch: Batch) -> Mix:
        rate, costs = float(at(self.rate, run.progress)), run.costs("macs")
        rng = run.streams.generator("operation dropout")
        return {
            group.name: kept_only(mix[group.name], kept(group, free(group, costs[group.name]), rate, rng))
            for group in run.choices.groups()
        }

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if not callable(self.rate) and not 0 <= self.rate < 1:
            yield f"'operation dropout' needs a rate from 0 to below 1, but has {self.rate}"
        yield from off_simplex("operation dropout", stage, choices)


def free(group: Group, costs: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which options cost nothing somewhere: a skip is a skip where it also has to halve or widen."""
    return np.asarray(((costs == 0) & group.mask).any(axis=0))


def kept(group: Group, free: NDArray[np.bool_], rate: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which operations a step keeps, `rows x options`: at least one of each group of each row."""
    table = np.zeros_like(group.mask)
    for row, has in enumerate(group.mask):
        for members in (np.flatnonzero(has & free), np.flatnonzero(has & ~free)):
            n = len(members)
            stays = rng.random(n) >= rate ** (1 / max(n, 1))
            while n and not stays.any():
                stays = rng.random(n) >= rate ** (1 / n)
            table[row, members[stays]] = True
    return table


def kept_only(gate: Gate, kept: NDArray[np.bool_]) -> Gate:
    """The gate with the other operations gone, each row scaled to its old sum."""
    assert gate.weight is not None
    left = gate.weight * torch.from_numpy(kept).to(gate.weight.device)
    whole, part = gate.weight.sum(-1, keepdim=True), left.sum(-1, keepdim=True)
    active = kept if gate.active is None else kept & gate.active
    return replace(gate, weight=left * (whole / part), active=active)
