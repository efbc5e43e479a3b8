"""Proximal: the gates of one architecture, and a gradient for every operation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from gapless.core import Progress, Space
from gapless.nets.gate import Gate, Mix
from gapless.parts.contract import Alpha
from gapless.parts.mask.strongest import Strongest
from gapless.parts.relax.gate import straight
from gapless.parts.relax.logits import present
from gapless.parts.relax.sigmoid import constant


@dataclass(frozen=True)
class Proximal:
    """``gate = prox(alpha)``, the nearest architecture, with ``d gate / d alpha`` taken for the identity.

    prox puts 1 at the largest alpha of an edge and 0 elsewhere, on the 2 edges of each node with the largest
    ones, after alpha is clipped to [0, 1]. Every operation is computed, so every alpha has its gradient at
    the architecture. Options are compared by the clipped alpha. Reference: Yao et al. 2020 (NASP);
    xujinfan/NASP-codes, codes/model_search.py (all alpha begin at 1/2).

    Args:
        start: initial value of every alpha but those of ``absent``.
        absent: the option that stands for nothing. It has no gradient; it begins at 0 and so is chosen only
            where all others have fallen to 0.
    """

    start: float = 0.5
    absent: str = "none"

    def init(self, choices: Space, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
        tables = constant(choices, self.start)
        for group in choices.groups():
            if self.absent in group.options:
                tables[group.name][:, group.options.index(self.absent)] = 0.0
        return tables

    def __call__(self, alpha: Alpha, choices: Space, progress: Progress, rng: np.random.Generator) -> Mix:
        clipped = self.strengths(alpha, choices, progress)
        values = {name: table.detach().double().cpu().numpy() for name, table in clipped.items()}
        chosen = choices.active(Strongest()(choices, values))
        return {
            g.name: Gate(
                straight(torch.from_numpy(chosen[g.name]).to(alpha[g.name]), alpha[g.name]), present(g)
            )
            for g in choices.groups()
        }

    def strengths(self, alpha: Alpha, choices: Space, progress: Progress) -> dict[str, torch.Tensor]:
        return {g.name: alpha[g.name].clamp(0, 1) for g in choices.groups()}
