"""Weights only: the paths that the sampler asks for, one accumulated weight step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gapless.core import Space
from gapless.parts.contract import Batch, Extra, RunView, Scalars
from gapless.parts.update.descend import descend, no_sampler


@dataclass(frozen=True)
class Paths:
    """omega descends the sum of the losses of the sampled sub-networks; there is no alpha.

    Reference: Guo et al. 2019, eq. 6 (one path); Chu et al. 2019, algorithm 1 (m paths, one step).
    """

    def init(self, run: RunView) -> Extra:
        return {}

    def step(self, run: RunView, train: Batch, val: Batch) -> Scalars:
        return descend(run, run.paths(), train)

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        yield from no_sampler("paths", stage)
