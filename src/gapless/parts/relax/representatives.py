"""Representatives: one option of each cluster of alike options stands for all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from gapless.core import Group, Progress, Space
from gapless.nets.gate import Mix
from gapless.parts.contract import Alpha
from gapless.parts.relax.gate import gate, smooth
from gapless.parts.relax.logits import logits
from gapless.parts.relax.softmax import normal

CLUSTERS = (
    ("max_pool_3x3", "avg_pool_3x3"),
    ("sep_conv_3x3", "sep_conv_5x5"),
    ("dil_conv_3x3", "dil_conv_5x5"),
)
"""Options of DARTS whose outputs are correlated; the first of each stands for it."""


@dataclass(frozen=True)
class Representatives:
    """Softmax over the first option of each cluster that a choice has, and over all options in no cluster.

    The others are not computed, and their strength is 0. Reference: Li et al. 2019 (StacNAS);
    susan0199/StacNAS, genotypes.py, ``OPS_DICT``.

    Args:
        clusters: names of options that are alike.
        scale: standard deviation of the normal initial values.
    """

    clusters: tuple[tuple[str, ...], ...] = CLUSTERS
    scale: float = 1e-3

    def init(self, choices: Space, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
        return normal(choices, rng, self.scale)

    def __call__(self, alpha: Alpha, choices: Space, progress: Progress, rng: np.random.Generator) -> Mix:
        return {g.name: gate(alpha, self._thinned(g)) for g in choices.groups()}

    def strengths(self, alpha: Alpha, choices: Space, progress: Progress) -> dict[str, torch.Tensor]:
        groups = [self._thinned(group) for group in choices.groups()]
        return {g.name: smooth(logits(alpha, g), g, "exp", "row") for g in groups}

    def _thinned(self, group: Group) -> Group:
        """The group as if it had the representatives alone."""
        mask = group.mask.copy()
        for cluster in self.clusters:
            columns = [group.options.index(option) for option in cluster if option in group.options]
            for row in mask:
                row[[column for column in columns if row[column]][1:]] = False
        return replace(group, mask=mask)
