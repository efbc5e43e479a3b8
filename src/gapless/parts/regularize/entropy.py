"""Entropy: gates are driven to decide, among operations or among edges."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch

from gapless.core import Group, Progress, Schedule, Space, at
from gapless.core.groups import nodes
from gapless.nets.gate import Mix
from gapless.parts.contract import RunView

AMONG = ("operations", "edges")
_LEAST = 1e-30


@dataclass(frozen=True)
class Rising:
    """In epoch e of E, from 0: ``end * e / (E - 1)``, times ``log(m + 1) / log(E - d)`` where it is delayed.

    ``d = delay * E`` and ``m = e + 1 - d``; the second factor is there where ``delay`` is above 0, and
    0 while m is below 0. Reference: sunsmarterjie/DAAS, cnn/dimension.py (E = 50, d = 8).
    """

    end: float
    delay: float = 0.0

    def __call__(self, progress: Progress) -> float:
        epochs, done = progress.epochs, progress.epoch
        value = self.end * done / max(epochs - 1, 1)
        if not self.delay:
            return value
        delay = self.delay * epochs
        late, whole = done + 1 - delay, epochs - delay
        if late < 0:
            return 0.0
        return value * (math.log(late + 1) / math.log(whole) if whole > 1 else 1.0)


@dataclass(frozen=True)
class Entropy:
    """``weight * sum of -p log p``, p being the shares of the gates of an edge, or of a node.

    Among ``operations``: p_eo is a gate's share of all gates of its edge. Among ``edges``: p_e is an edge's
    share of the sums of gates of all edges that enter the same node, where there are several. Where gates are
    products of two softmaxes, these are their factors. Reference: Tian et al. 2021 (DA2S), where the two
    are called the losses of alpha and of beta; sunsmarterjie/DAAS, cnn/MinEntropyLoss.py.

    Args:
        weight: a number or a schedule.
        among: ``operations`` or ``edges``.
    """

    weight: Schedule[float] = 0.1
    among: Literal["operations", "edges"] = "operations"

    def __call__(self, run: RunView, mix: Mix) -> torch.Tensor:
        weight, terms = float(at(self.weight, run.progress)), []
        for group in run.choices.groups():
            gates = mix[group.name].weight
            assert gates is not None
            gates = gates * torch.from_numpy(group.mask).to(gates)
            p = gates / gates.sum(1, keepdim=True) if self.among == "operations" else _by_edge(gates, group)
            terms.append(-(p * p.clamp_min(_LEAST).log()).sum())
        return weight * torch.stack(terms).sum()

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the regularizer 'entropy' needs the gates of a relaxation, but the stage has none"
        if self.among not in AMONG:
            yield f"the regularizer 'entropy' is one among {' or '.join(AMONG)}, not '{self.among}'"


def _by_edge(gates: torch.Tensor, group: Group) -> torch.Tensor:
    """Shares of the sums of rows among those of their node, one number a row."""
    entered = torch.from_numpy(np.asarray(nodes(group))).to(gates.device)
    sums = gates.sum(1)
    whole = gates.new_zeros(int(entered.max()) + 1).index_add(0, entered, sums)
    return sums / whole[entered]
