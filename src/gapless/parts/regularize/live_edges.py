"""Live edges: as many edges of a node are kept alive as an architecture has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from gapless.core import Schedule, Space, at
from gapless.core.groups import nodes
from gapless.nets.gate import Mix
from gapless.parts.contract import RunView
from gapless.parts.relax.capped_product import CAP, CappedProduct, edges, kept_edges


@dataclass(frozen=True)
class LiveEdges:
    """``weight * sum over nodes of (sum over beta_e > 0 of min(beta_e, 1) - k)^2``.

    beta_e is alpha of the edges of the node in the relaxation ``capped-product``, k how many of them an
    architecture keeps; nodes that keep all are left out. It is 0 where k edges are at 1 and all others
    at 0 or below. Reference: Tian et al. 2021 (DA2S); sunsmarterjie/DAAS, cnn/MinEntropyLoss.py
    (0.2 beside the entropy of the edges, k = 2).

    Args:
        weight: a number or a schedule.
    """

    weight: Schedule[float] = 0.2

    def __call__(self, run: RunView, mix: Mix) -> torch.Tensor:
        weight = float(at(self.weight, run.progress))
        total = torch.zeros((), device=run.device)
        for group in run.choices.groups():
            live = run.alpha[edges(group)][:, 0].clamp(0.0, CAP)
            entered, (kept, there) = nodes(group), kept_edges(run.choices, group)
            for node in np.unique(entered[kept < there]):
                rows = np.flatnonzero(entered == node)
                total = total + (live[torch.from_numpy(rows)].sum() - int(kept[rows[0]])) ** 2
        return weight * total

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if not isinstance(stage.relax, CappedProduct):
            relax = "none" if stage.relax is None else f"'{type(stage.relax).__name__}'"
            yield f"'live-edges' counts edges of 'CappedProduct', but the relaxation of the stage is {relax}"
