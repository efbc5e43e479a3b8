"""Gumbel: softmax with noise, a smooth draw of one operation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from gapless.core import Linear, Progress, Schedule, Space, at
from gapless.nets.gate import Mix
from gapless.parts.contract import Alpha
from gapless.parts.relax.gate import gate
from gapless.parts.relax.softmax import normal, probabilities


@dataclass(frozen=True)
class Gumbel:
    """``gate_o = exp((alpha_o + G_o) / t) / sum_o' exp((alpha_o' + G_o') / t)``, G drawn anew each step.

    Options are compared by softmax(alpha), the probabilities with which they would be largest.
    Reference: Xie et al. 2019 (SNAS); SNAS-Series/SNAS-Series, SNAS/model_search.py (normal initial
    values of deviation 0.01), SNAS/utils.py (t falls from 1 to 0.03 on a line, by epochs).

    Args:
        scale: standard deviation of the normal initial values.
        temperature: t.
    """

    scale: float = 0.01
    temperature: Schedule[float] = field(default_factory=lambda: Linear(1.0, 0.03, "epoch"))
    random: ClassVar[bool] = True

    def init(self, choices: Space, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
        return normal(choices, rng, self.scale)

    def __call__(self, alpha: Alpha, choices: Space, progress: Progress, rng: np.random.Generator) -> Mix:
        temperature = float(at(self.temperature, progress))
        return {
            g.name: gate(alpha, g, temperature=temperature, draw="soft", rng=rng) for g in choices.groups()
        }

    def strengths(self, alpha: Alpha, choices: Space, progress: Progress) -> dict[str, torch.Tensor]:
        return probabilities(alpha, choices)
