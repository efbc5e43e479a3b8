"""Eigenvalue: the largest of the Hessian of the validation loss in alpha, and what to do when it rises."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from gapless.core import Space
from gapless.parts.contract import Extra, Rollback, RunView
from gapless.parts.observe.curvature import largest
from gapless.parts.observe.reaction import Reaction

SEEN = "eigenvalue/seen"


@dataclass(frozen=True)
class Eigenvalue:
    """Column ``eigenvalue``: the largest eigenvalue of ``d2_alpha L_val`` on one batch, by Lanczos.

    With ``react``, let m_t be the mean of ``window`` epochs around epoch t. Once m_t is more than ``ratio``
    times ``m_(t - back)``, and epoch ``t - back`` is at or after the share ``earliest`` of the stage, it goes
    back to the end of that epoch. After going back and on, means begin anew. Reference: Zela et al. 2020,
    section 4.3; automl/RobustDARTS, src/utils.py, ``EVLocalAvg`` (5, 1.3, back 4, earliest 10 of 50).

    Args:
        steps: products with the Hessian at most; exact where alpha has no more numbers.
        window: epochs of a mean, odd.
        back: epochs between the two means.
        ratio: see above.
        earliest: see above.
        react: what happens then; nothing where None.
    """

    steps: int = 20
    window: int = 5
    back: int = 4
    ratio: float = 1.3
    earliest: float = 0.2
    react: Reaction | None = None

    @property
    def remembers(self) -> int:
        """The largest number of epochs that this may go back."""
        return self.window // 2 + self.back if self.react is not None else 0

    def init(self, run: RunView) -> Extra:
        return {SEEN: torch.zeros(0, dtype=torch.float64)}

    def __call__(self, run: RunView) -> dict[str, float]:
        value = largest(run, run.batches()[1], self.steps)
        run.extra[SEEN] = torch.cat([run.extra[SEEN], torch.tensor([value], dtype=torch.float64)])
        row = {"eigenvalue": value}
        there = run.progress.epoch - 1 - self.remembers  # numbered from 0
        if self.react is None or there < self.earliest * run.progress.epochs:
            return row
        if self._rises(run.extra[SEEN].tolist()):
            stop = self.react(run, self.remembers, row)
            if isinstance(stop, Rollback):
                stop.then = anew(stop.then)
            if stop is not None:
                raise stop
        return row

    def _rises(self, seen: list[float]) -> bool:
        """Whether the mean that is complete now is so much larger than the one ``back`` epochs before it."""
        start = len(seen) - self.window - self.back
        if start < 0:
            return False
        before, now = np.mean(seen[start : start + self.window]), np.mean(seen[-self.window :])
        return bool(now > self.ratio * before)

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None or getattr(stage.relax, "random", False):
            what = "none" if stage.relax is None else "one that is drawn"
            yield f"the observer 'eigenvalue' differentiates a relaxation twice, but the stage has {what}"


def anew(then: Callable[[RunView], None]) -> Callable[[RunView], None]:
    """What is done after going back, and nothing seen."""

    def both(run: RunView) -> None:
        then(run)
        run.extra[SEEN] = torch.zeros(0, dtype=torch.float64)

    return both
