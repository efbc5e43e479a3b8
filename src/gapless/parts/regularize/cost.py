"""Expected cost: what the gates say that an architecture will cost, in operations or in milliseconds."""

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
from gapless.parts.regularize.timetable import Timetable, missing, times, timetable, unused

LEAST = 1e-6
"""Milliseconds; the logarithm takes less for so much."""
FORMS = ("plain", "log", "relative")


@dataclass(frozen=True)
class ExpectedCost:
    """``weight * f(E)`` with ``E = sum_r sum_o gate_ro * cost_ro`` over the operations that are computed.

    f(E) is E (``plain``), log E (``log``), or (E - ref) / ref (``relative``). Costs are of the searched
    operations alone; see `gapless.nets.cost.by_option`. Reference: Cai, Zhu & Han 2019 (ProxylessNAS),
    eq. 6-8, and mit-han-lab/proxylessnas, search/nas_manager.py, whose ``add#linear`` is ``relative``; its
    ``mul#log`` multiplies the loss itself and is no term beside it. Logarithm: Xie et al. 2019 (SNAS).
    Tables of latencies: Wu et al. 2019 (FBNet), section 3.3; there too the loss is multiplied.

    Args:
        weight: a number or a schedule.
        form: f.
        cost: ``macs`` or ``params``.
        reference: ref; where 0, E with all options of a choice equally likely.
        table: milliseconds that options take, in place of ``cost``: pairs of names and times, or a mapping. A
            name is an option's, or an option's at one choice, which counts there: ``layer0=k3e3``, its path
            joined by ``/`` before the ``=``. What the super-network has beside, such as ``none``, takes 0.

    Raises:
        BadValue: a name twice, or a time that is no finite number of at least 0.
    """

    weight: Schedule[float] = 0.1
    form: Literal["plain", "log", "relative"] = "relative"
    cost: str = "macs"
    reference: float = 0.0
    table: Timetable = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", timetable(self.table))

    def __call__(self, run: RunView, mix: Mix) -> torch.Tensor:
        weight, groups = float(at(self.weight, run.progress)), {g.name: g for g in run.choices.groups()}
        timed = {name: times(self.table, group) for name, group in groups.items()} if self.table else None
        costs = run.costs(self.cost) if timed is None else timed
        expected = torch.stack([_expected(mix[name], table) for name, table in costs.items()]).sum()
        if self.form == "plain":
            return weight * expected
        if self.form == "log":
            return weight * expected.clamp_min(1.0 if timed is None else LEAST).log()
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
        if self.table:
            lacking, idle = list(missing(self.table, choices)), unused(self.table, choices)
            if lacking:
                yield f"the table of 'expected cost' has no time for {few(lacking)}"
            if idle:
                yield f"the table of 'expected cost' has times of what no choice has: {few(idle)}"


def few(names: list[str]) -> str:
    """The first three, and how many more."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(f"'{name}'" for name in names[:3]) + more


def _expected(gate: Gate, table: np.ndarray[Any, np.dtype[np.float64]]) -> torch.Tensor:
    """Sum of gates times costs; a gate without a value is 1."""
    if gate.active is not None:
        table = np.where(gate.active, table, 0.0)
    costs = torch.from_numpy(table)
    return costs.sum() if gate.weight is None else (gate.weight * costs.to(gate.weight)).sum()


def _even(table: np.ndarray[Any, np.dtype[np.float64]], mask: np.ndarray[Any, np.dtype[np.bool_]]) -> float:
    return float((table * mask / mask.sum(1, keepdims=True)).sum())
