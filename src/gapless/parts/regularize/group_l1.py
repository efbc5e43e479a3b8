"""Group lasso: gates are drawn to 0, each by itself or all gates of an edge or a node together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from gapless.core import Group, Schedule, Space, at
from gapless.core.groups import nodes
from gapless.nets.gate import Mix
from gapless.parts.contract import RunView
from gapless.parts.perturb.simplex import off_simplex

OVER = ("option", "edge", "node")


@dataclass(frozen=True)
class GroupL1:
    """``weight * sum_S sqrt(|S|) * sqrt(sum_{i in S} z_i^2)`` over sets S of gates z.

    A set is one gate, which gives ``weight * sum |z|``, the gates of an edge, or all gates that enter a
    node. A set of zeros has a gradient of 0. Only gates of options that an architecture may have count.
    Reference: Yuan & Lin 2006, eq. 4; Zhang et al. 2018 (DSO-NAS), where a set is one scale of an operation
    or a connection. Deviation: DSO-NAS takes a proximal step, which makes zeros; here the term is a
    part of the loss, which brings gates near 0, for a threshold or a mask to take out.

    Args:
        weight: a number or a schedule.
        over: what a set is: ``option``, ``edge`` or ``node``.
    """

    weight: Schedule[float] = 1e-3
    over: Literal["option", "edge", "node"] = "edge"

    def __call__(self, run: RunView, mix: Mix) -> torch.Tensor:
        terms = []
        for group in run.choices.groups():
            gates = mix[group.name].weight
            assert gates is not None
            numbers = _sets(group, self.over)
            for number in range(numbers.max() + 1):
                members = gates[torch.from_numpy(numbers == number).to(gates.device)]
                terms.append(len(members) ** 0.5 * torch.linalg.vector_norm(members))
        return float(at(self.weight, run.progress)) * torch.stack(terms).sum()

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the regularizer 'group-l1' needs the gates of a relaxation, but the stage has none"
        elif stage.sample is None and not list(off_simplex("group-l1", stage, choices)):
            yield (
                "the regularizer 'group-l1' draws gates to 0, but those of "
                f"'{type(stage.relax).__name__}' add up to 1 at each choice; take sigmoid gates"
            )
        if self.over not in OVER:
            yield f"the regularizer 'group-l1' has sets over {', '.join(OVER)}, not '{self.over}'"


def _sets(group: Group, over: str) -> NDArray[np.int64]:
    """Number of the set of each gate, `rows x options`; -1 where an architecture has no such option."""
    if over == "option":
        numbers = np.arange(group.mask.size).reshape(group.mask.shape)
    else:
        rows = np.arange(len(group.rows)) if over == "edge" else nodes(group)
        numbers = np.broadcast_to(rows[:, None], group.mask.shape)
    return np.where(group.pickable, numbers, -1)
