"""Softmax over the options of each choice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from gapless.core import Progress, Schedule, Space, at
from gapless.nets.gate import Gate, Mix
from gapless.parts.contract import Alpha


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
        return {
            group.name: (self.scale * rng.standard_normal(group.mask.shape)).astype(np.float32)
            for group in choices.groups()
        }

    def __call__(self, alpha: Alpha, choices: Space, progress: Progress, rng: np.random.Generator) -> Mix:
        temperature = float(at(self.temperature, progress))
        mix = {}
        for group in choices.groups():
            values = alpha[group.name]
            if temperature != 1.0:
                values = values / temperature
            whole = bool(group.mask.all())
            if not whole:
                present = torch.from_numpy(group.mask).to(values.device)
                values = values.masked_fill(~present, -torch.inf)
            mix[group.name] = Gate(torch.softmax(values, dim=-1), None if whole else group.mask)
        return mix
