"""Softmax over the options of each choice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from gapless.core import Progress, Schedule, Space, at
from gapless.nets.gate import Mix
from gapless.parts.contract import Alpha
from gapless.parts.relax.gate import gate, smooth
from gapless.parts.relax.logits import logits


@dataclass(frozen=True)
class Softmax:
    """``gate_o = exp(alpha_o / t) / sum_o' exp(alpha_o' / t)`` over the options of one choice.

    Reference: Liu, Simonyan & Yang 2019, eq. 2 (t = 1); initial values as in quark0/darts.

    Args:
        scale: standard deviation of the normal initial values.
        temperature: t.
    """

    scale: float = 1e-3
    temperature: Schedule[float] = 1.0

    def init(self, choices: Space, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
        return normal(choices, rng, self.scale)

    def __call__(self, alpha: Alpha, choices: Space, progress: Progress, rng: np.random.Generator) -> Mix:
        temperature = float(at(self.temperature, progress))
        return {g.name: gate(alpha, g, temperature=temperature) for g in choices.groups()}

    def strengths(self, alpha: Alpha, choices: Space, progress: Progress) -> dict[str, torch.Tensor]:
        return probabilities(alpha, choices, float(at(self.temperature, progress)))


def normal(choices: Space, rng: np.random.Generator, scale: float) -> dict[str, NDArray[np.float32]]:
    """Normal values with mean 0 and this standard deviation for each group, `rows x options`."""
    return {
        group.name: (scale * rng.standard_normal(group.mask.shape)).astype(np.float32)
        for group in choices.groups()
    }


def probabilities(alpha: Alpha, choices: Space, temperature: float = 1.0) -> dict[str, torch.Tensor]:
    """The softmax of each row, `rows x options` a group."""
    return {g.name: smooth(logits(alpha, g, temperature), g, "exp", "row") for g in choices.groups()}
