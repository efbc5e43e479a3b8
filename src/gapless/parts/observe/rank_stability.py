"""Rank stability: for how long the order of the options with parameters has been the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from gapless.core import Group, Space
from gapless.parts.contract import Extra, Gates, RunView
from gapless.parts.observe.reaction import End, Reaction

ORDER, SINCE = "rank stability/order", "rank stability/epochs"


@dataclass(frozen=True)
class RankStability:
    """Column ``stable_epochs``: epochs for which the options with parameters of each choice kept their order.

    With ``epochs`` the stage ends as soon as that many have passed while alpha moved. Reference: Liang et
    al. 2019 (DARTS+), section 3.2, criterion 2 (10 epochs).

    Args:
        epochs: how long is long enough; nothing is where 0.
        react: what happens then.
    """

    epochs: int = 0
    react: Reaction = field(default_factory=End)

    def init(self, run: RunView) -> Extra:
        return {ORDER: torch.zeros(0, dtype=torch.int64), SINCE: torch.tensor(0)}

    def __call__(self, run: RunView) -> dict[str, float]:
        groups, gates, params = run.choices.groups(), run.gates(), run.costs("params")
        now = torch.from_numpy(np.concatenate([order(g, gates, params) for g in groups]))
        same = torch.equal(run.extra[ORDER], now) and run.alpha_moves
        run.extra[ORDER], run.extra[SINCE] = now, (run.extra[SINCE] + 1) * int(same)
        stable = int(run.extra[SINCE])
        row = {"stable_epochs": float(stable)}
        if self.epochs and stable >= self.epochs and (stop := self.react(run, 0, row)) is not None:
            raise stop
        return row

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the observer 'rank stability' reads the strengths of a relaxation, but the stage has none"


def order(group: Group, gates: Gates, params: Gates) -> np.ndarray[Any, Any]:
    """Row after row, the columns of the options with parameters, the strongest first."""
    rows = []
    for row, has in enumerate(group.mask):
        learns = np.flatnonzero(has & (params[group.name][row] > 0))
        rows.append(learns[np.argsort(-gates[group.name][row, learns], kind="stable")])
    return np.concatenate(rows).astype(np.int64)
