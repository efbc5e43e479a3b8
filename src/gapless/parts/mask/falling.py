"""Falling: an option dies as soon as its strength has fallen below a share of what equal ones would have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gapless.core import Schedule, Space, at
from gapless.core.errors import BadValue
from gapless.parts.contract import Gates, RunView


@dataclass(frozen=True)
class Falling:
    """After each epoch: of a leaf choice with n options left, those with a strength below ``share / n`` die.

    The strongest that an architecture needs stay in any case. Reference: Noy et al. 2020 (ASAP), section 3.3.

    Args:
        share: a number or a schedule, from 0 to below 1.

    Raises:
        BadValue: a number outside that range.
    """

    share: Schedule[float] = 0.4

    def __post_init__(self) -> None:
        if not callable(self.share) and not 0 <= self.share < 1:
            raise BadValue(
                expected="share from 0 to below 1",
                got=f"{self.share}",
                do="give the part of 1 / n below which an option dies",
            )

    def __call__(self, run: RunView, epoch_gates: Gates) -> Space | None:
        share, going = float(at(self.share, run.progress)), set()
        for group in run.choices.groups():
            for row, path in enumerate(group.rows):
                strengths, may = epoch_gates[group.name][row], np.flatnonzero(group.pickable[row])
                needed = may[np.argsort(-strengths[may], kind="stable")][: run.choices.choice(path).least]
                weak = group.mask[row] & (strengths < share / group.mask[row].sum())
                weak[needed] = False
                going |= {(path, group.options[c]) for c in np.flatnonzero(weak)}
        if not going:
            return None
        return run.choices.without(going)

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the mask 'falling' compares the strengths of a relaxation, but the stage has none"
