"""Node-normalised: sigmoid gates in the forward, compared by their shares of the node that they enter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gapless.core import Progress, Space
from gapless.nets.gate import Mix
from gapless.parts.contract import Alpha
from gapless.parts.relax.gate import gate, smooth
from gapless.parts.relax.sigmoid import constant, never_sparse


@dataclass(frozen=True)
class NodeNormalised:
    """``gate_eo = sigma(alpha_eo)``, compared by ``pi_eo = sigma(alpha_eo) / sum_e'o' sigma(alpha_e'o')``.

    The sum runs over the options, such as an architecture may have, of all edges that enter the node that e
    enters; other columns have a pi of 0. Reference: Bi et al. 2020 (GOLD-NAS);
    sunsmarterjie/GOLD_NAS, cifar_search/model_search.py, which is not the authors' own.

    Args:
        start: initial value of every alpha.
    """

    start: float = 0.0

    def init(self, choices: Space, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
        return constant(choices, self.start)

    def __call__(self, alpha: Alpha, choices: Space, progress: Progress, rng: np.random.Generator) -> Mix:
        return {g.name: gate(alpha, g, "sigmoid", "nothing") for g in choices.groups()}

    def strengths(self, alpha: Alpha, choices: Space, progress: Progress) -> dict[str, torch.Tensor]:
        found = {}
        for group in choices.groups():
            values = alpha[group.name]
            lacking = torch.from_numpy(~group.pickable).to(values.device)
            found[group.name] = smooth(values.masked_fill(lacking, -torch.inf), group, "sigmoid", "node")
        return found

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        return never_sparse("node-normalised", recipe, stage)
