"""Lowest k: at the end of a stage every choice loses its weakest options."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gapless.core import Group, Space
from gapless.core.errors import BadValue
from gapless.parts.contract import Gates, RunView


@dataclass(frozen=True)
class LowestK:
    """After the last epoch of its stage: of each leaf choice the ``keep`` options with the largest strengths.

    An option that no architecture may have, such as ``none`` of DARTS, competes with the others. Where a
    choice has no more than ``keep`` options it loses none, and it never keeps fewer than it picks.
    Reference: Chen et al. 2019 (P-DARTS), section 3.1; chenxin061/pdarts, train_search.py, ``get_min_k``.

    Args:
        keep: options left of each choice.

    Raises:
        BadValue: fewer than 1.
    """

    keep: int = 5

    def __post_init__(self) -> None:
        if self.keep < 1:
            raise BadValue(expected="keep of at least 1 option", got=f"{self.keep}", do="raise keep")

    def __call__(self, run: RunView, epoch_gates: Gates) -> Space | None:
        if run.progress.epoch < run.progress.epochs:
            return None
        kept = set()
        for group in run.choices.groups():
            for row, path in enumerate(group.rows):
                pick = run.choices.choice(path).least
                strengths = epoch_gates[group.name][row]
                kept |= {(path, o) for o in strongest(group, row, strengths, self.keep, pick)}
        leaves = {path for group in run.choices.groups() for path in group.rows}
        return run.choices.restrict(lambda path, option: path not in leaves or (path, option) in kept)

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the mask 'lowest k' compares the strengths of a relaxation, but the stage has none"


def strongest(group: Group, row: int, strengths: np.ndarray[Any, Any], keep: int, pick: int) -> list[str]:
    """Names of the options to keep: so many, with at least ``pick`` that an architecture may have."""
    order = sorted(np.flatnonzero(group.mask[row]).tolist(), key=lambda c: -float(strengths[c]))
    needed = [c for c in order if group.pickable[row, c]][:pick]
    others = [c for c in order if c not in needed]
    return [group.options[c] for c in (*needed, *others[: max(keep - len(needed), 0)])]
