"""Lowest: one option after another is deleted from every choice, the weakest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gapless.core import Group, Space
from gapless.parts.contract import Extra, Gates, RunView

OPTIONS = "lowest/options"


@dataclass(frozen=True)
class Lowest:
    """From every leaf choice the option with the lowest strength, until as many are left as it picks.

    A stage is cut into rounds, each as long as its choices have options, the last one with two: from m
    options one is deleted after the share ``m / S`` of the stage, the next after ``(m + m - 1) / S``, and so
    on, with S = m + (m - 1) + ... + 2; each in the first epoch that ends there or later. m is the largest
    number of options of a choice; a choice with fewer loses its first when the others have as few.
    Reference: Zheng et al. 2019 (DDPNAS); MAC-AutoML/XNAS,
    xnas/algorithms/SNG/DDPNAS.py (commit ea8f8ab).
    """

    def init(self, run: RunView) -> Extra:
        """m, as the stage began."""
        most = max(int(group.mask.sum(1).max()) for group in run.choices.groups())
        return {OPTIONS: torch.tensor(most)}

    def __call__(self, run: RunView, epoch_gates: Gates) -> Space | None:
        left = options_left(int(run.extra[OPTIONS]), run.progress.epoch, run.progress.epochs)
        going = {
            (path, group.options[column])
            for group in run.choices.groups()
            for row, path in enumerate(group.rows)
            for column in _weakest(
                group, row, epoch_gates[group.name][row], left, run.choices.choice(path).least
            )
        }
        if not going:
            return None
        return run.choices.without(going)

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the mask 'lowest' compares the strengths of a relaxation, but the stage has none"


def options_left(most: int, epoch: int, epochs: int) -> int:
    """How many of ``most`` options are left after ``epoch`` of ``epochs``; exact, in whole numbers."""
    whole = most * (most + 1) // 2 - 1
    left, done = most, 0
    while left > 1 and (done + left) * epochs <= epoch * whole:
        done, left = done + left, left - 1
    return left


def _weakest(group: Group, row: int, strengths: NDArray[np.float64], left: int, pick: int) -> list[int]:
    """Columns to delete so that ``left`` remain, never fewer than an architecture picks."""
    present, may = group.mask[row], group.pickable[row]
    excess, spare = int(present.sum()) - max(left, pick), int(may.sum()) - pick
    going: list[int] = []
    for column in sorted(np.flatnonzero(present).tolist(), key=lambda c: float(strengths[c])):
        if len(going) < excess and (spare > 0 or not may[column]):
            going.append(column)
            spare -= int(may[column])
    return going
