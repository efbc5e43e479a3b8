"""Uniform sampling: every architecture of the space is equally likely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gapless.parts.contract import Active, RunView


@dataclass(frozen=True)
class Uniform:
    """``n`` architectures a step, each drawn uniformly from the whole space.

    Reference: Guo et al. 2019 (Single Path One-Shot), eq. 6 with a uniform prior; Li & Talwalkar 2019,
    section 3.3.
    """

    n: int = 1

    def __call__(self, run: RunView, rng: np.random.Generator) -> Sequence[Active]:
        return [run.choices.active(run.choices.sample(rng)) for _ in range(self.n)]
