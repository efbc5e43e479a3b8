"""Expected cost: what the gates say that an architecture will cost."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch

from gapless.core import Schedule, Space, at
from gapless.nets.cost import KINDS
from gapless.nets.gate import Gate, Mix
from gapless.parts.contract import RunView

FORMS = ("plain", "log", "relative")


@dataclass(frozen=True)
class ExpectedCost:
    """``weight * f(E)`` with ``E = sum_r sum_o gate_ro * cost_ro`` over the operations that are computed.

    f(E) is E (``plain``), log E (``log``), or (E - ref) / ref (``relative``). Costs are of the searched
    operations alone; see `gapless.nets.cost.by_option`. Reference: Cai, Zhu & Han 2019 (ProxylessNAS),
    eq. 6-8, and mit-han-lab/proxylessnas, search/nas_manager.py, whose ``add#linear`` is ``relative``; its
    ``mul#log`` multiplies the loss itself and is no term beside it. Logarithm: Xie et al. 2019 (SNAS).

    Args:
        weight: a number or a schedule.
        form: f.
        cost: ``macs`` or ``params``.
        reference: ref; where 0, E with all options of a choice equally likely.
    """

    weight: Schedule[float] = 0.1
    form: Literal["plain", "log", "relative"] = "relative"
    cost: str = "macs"
    reference: float = 0.0

    def __call__(self, run: RunView, mix: Mix) -> torch.Tensor:
        costs, weight = run.costs(self.cost), float(at(self.weight, run.progress))
        expected = torch.stack([_expected(mix[name], table) for name, table in costs.items()]).sum()
        if self.form == "plain":
            return weight * expected
        if self.form == "log":
            return weight * expected.clamp_min(1.0).log()
        groups = {group.name: group for group in run.choices.groups()}
        even = math.fsum(_even(table, groups[name].mask) for name, table in costs.items())
        reference = self.reference or even or 1.0
        return weight * (expected - reference) / reference

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the regularizer 'expected cost' needs gates of a relaxation, but the stage has none"
        if self.form not in FORMS:
            yield f"the regularizer 'expected cost' has the forms {', '.join(FORMS)}, not '{self.form}'"
        if self.cost not in KINDS:
            yield f"the regularizer 'expected cost' counts {' or '.join(KINDS)}, not '{self.cost}'"


def _expected(gate: Gate, table: np.ndarray[Any, np.dtype[np.float64]]) -> torch.Tensor:
    """Sum of gates times costs; a gate without a value is 1."""
    if gate.active is not None:
        table = np.where(gate.active, table, 0.0)
    costs = torch.from_numpy(table)
    return costs.sum() if gate.weight is None else (gate.weight * costs.to(gate.weight)).sum()


def _even(table: np.ndarray[Any, np.dtype[np.float64]], mask: np.ndarray[Any, np.dtype[np.bool_]]) -> float:
    return float((table * mask / mask.sum(1, keepdims=True)).sum())
