"""Clusters: at the end of a stage every choice keeps the cluster of its strongest option."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gapless.core import Space
from gapless.parts.contract import Gates, RunView
from gapless.parts.relax.representatives import CLUSTERS


@dataclass(frozen=True)
class Clusters:
    """After the last epoch of its stage: of each leaf choice all options that are alike to the strongest.

    The strongest is one that an architecture may have; as many are, as it picks. Options that none may have,
    such as ``none`` of DARTS, stay. Reference: Li et al. 2019 (StacNAS); susan0199/StacNAS, genotypes.py,
    ``build_primitive_from_alpha``.

    Args:
        clusters: names of options that are alike; one in none of them is alike to itself alone.
    """

    clusters: tuple[tuple[str, ...], ...] = CLUSTERS

    def __call__(self, run: RunView, epoch_gates: Gates) -> Space | None:
        if run.progress.epoch < run.progress.epochs:
            return None
        going = set()
        for group in run.choices.groups():
            for row, path in enumerate(group.rows):
                may = np.flatnonzero(group.pickable[row])
                order = sorted(may.tolist(), key=lambda c: -float(epoch_gates[group.name][row, c]))
                best = {group.options[c] for c in order[: run.choices.choice(path).most]}
                alike = best.union(*(cluster for cluster in self.clusters if best & {*cluster}))
                going |= {(path, group.options[c]) for c in may if group.options[c] not in alike}
        return run.choices.without(going)

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the mask 'clusters' compares the strengths of a relaxation, but the stage has none"
