"""Capped product: edges that stop to grow at 1, times operations that fall the faster the weaker they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from gapless.core import Progress, Space
from gapless.core.groups import Group, nodes
from gapless.nets.gate import Gate, Mix
from gapless.parts.contract import Alpha
from gapless.parts.relax.edge_product import among_edges

CAP = 1.0
TOTALS = ("entering", "kept")


@dataclass(frozen=True)
class CappedProduct:
    """``gate_eo = n * softmax_e(min(beta, 1)) * softmax_o(s(alpha_e))``, ``s(a) = 2 a``, cubed below -1.

    n edges enter the node that e enters, and softmax_e runs over them. Where an architecture keeps them all,
    the first two factors are left out. softmax_o runs over the operations that an architecture may have;
    others, such as ``none`` in the DARTS space, have gates of 0 and are not computed. beta of a group is the
    table ``group|edge``, `rows x 1`; it begins near k / n where an architecture keeps k edges of n. Options
    are compared by the gates. Reference: Tian et al. 2021 (DA2S); sunsmarterjie/DAAS,
    cnn/model_search.py, cnn/MinEntropyLoss.py.

    Args:
        scale: standard deviation of the normal initial values of alpha, and of beta around k / n.
        hold: share of the stage, from its start, in which alpha has no gradient; beta has one throughout.
        total: what the gates of a node add up to: ``entering``, n, as published, or ``kept``, k in its
            place, so that where beta and alpha are decided the gates are those of the architecture.
    """

    scale: float = 1e-4
    hold: float = 0.0
    total: Literal["entering", "kept"] = "entering"

    def init(self, choices: Space, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
        tables = {}
        for group in choices.groups():
            alpha, beta = rng.standard_normal(group.mask.shape), rng.standard_normal((len(group.rows), 1))
            kept, there = kept_edges(choices, group)
            tables[group.name] = (self.scale * alpha).astype(np.float32)
            tables[edges(group)] = (self.scale * beta + (kept / there)[:, None]).astype(np.float32)
        return tables

    def __call__(self, alpha: Alpha, choices: Space, progress: Progress, rng: np.random.Generator) -> Mix:
        held = progress.fraction("epoch") < self.hold
        tables = {n: t.detach() if held and "|" not in n else t for n, t in alpha.items()}
        weights = self.strengths(tables, choices, progress)
        return {
            g.name: Gate(weights[g.name], None if g.pickable.all() else g.pickable) for g in choices.groups()
        }

    def strengths(self, alpha: Alpha, choices: Space, progress: Progress) -> dict[str, torch.Tensor]:
        found = {}
        for group in choices.groups():
            lacking = torch.from_numpy(~group.pickable).to(alpha[group.name].device)
            within = torch.softmax(sharpened(alpha[group.name]).masked_fill(lacking, -torch.inf), dim=-1)
            found[group.name] = self._shares(alpha[edges(group)], choices, group) * within
        return found

    def _shares(self, beta: torch.Tensor, choices: Space, group: Group) -> torch.Tensor:
        """The first two factors, `rows x 1`; 1 where all edges are kept."""
        kept, there = (torch.from_numpy(n).to(beta.device)[:, None] for n in kept_edges(choices, group))
        total = kept if self.total == "kept" else there
        shares = total * among_edges(beta.clamp(max=CAP), group)
        return torch.where(kept < there, shares, torch.ones_like(shares))

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if self.total not in TOTALS:
            yield f"gates 'capped-product' add up to {' or '.join(TOTALS)} edges, not '{self.total}'"


def edges(group: Group) -> str:
    """Name of the table of beta of a group."""
    return f"{group.name}|edge"


def sharpened(alpha: torch.Tensor) -> torch.Tensor:
    """s, entry by entry."""
    twice = 2 * alpha
    return torch.where(twice < -1, twice**3, twice)


def kept_edges(choices: Space, group: Group) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each row how many edges an architecture keeps of the node that it enters, and how many enter it."""
    entered = nodes(group)
    there = np.bincount(entered)[entered]
    most = [choices.choice(path[:-2]).most if len(path) > 2 else n for path, n in
            zip(group.rows, there, strict=True)]  # fmt: skip
    return np.minimum(np.array(most, dtype=np.int64), there), there
