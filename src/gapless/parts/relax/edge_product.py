"""Edge normalisation: a softmax over the edges of a node times a softmax over the operations of an edge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from gapless.core import Progress, Schedule, Space, at
from gapless.core.groups import Group, nodes
from gapless.nets.gate import Gate, Mix
from gapless.parts.contract import Alpha
from gapless.parts.relax.logits import logits, present


@dataclass(frozen=True)
class EdgeProduct:
    """``gate_eo = exp(beta_e) / sum_e' exp(beta_e') * exp(alpha_eo / t) / sum_o' exp(alpha_eo' / t)``.

    e' runs over the edges that enter the node that e enters, o' over the operations of e. beta of a group
    is the table ``group|edge``, `rows x 1`. Options are compared by the product. Reference: Xu et al. 2020
    (PC-DARTS), section 3.3; yuhuixu1993/PC-DARTS, model_search.py.

    Args:
        scale: standard deviation of the normal initial values of alpha.
        edge_scale: of those of beta.
        temperature: t.
    """

    scale: float = 1e-3
    edge_scale: float = 1e-3
    temperature: Schedule[float] = 1.0

    def init(self, choices: Space, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
        tables = {}
        for group in choices.groups():
            alpha, beta = rng.standard_normal(group.mask.shape), rng.standard_normal((len(group.rows), 1))
            tables[group.name] = (self.scale * alpha).astype(np.float32)
            tables[_edges(group)] = (self.edge_scale * beta).astype(np.float32)
        return tables

    def __call__(self, alpha: Alpha, choices: Space, progress: Progress, rng: np.random.Generator) -> Mix:
        weights = self.strengths(alpha, choices, progress)
        return {g.name: Gate(weights[g.name], present(g)) for g in choices.groups()}

    def strengths(self, alpha: Alpha, choices: Space, progress: Progress) -> dict[str, torch.Tensor]:
        temperature = float(at(self.temperature, progress))
        return {g.name: weighed(alpha, g, temperature) for g in choices.groups()}


def weighed(alpha: Alpha, group: Group, temperature: float) -> torch.Tensor:
    """The product for one group, `rows x options`."""
    return among_edges(alpha[_edges(group)], group) * torch.softmax(logits(alpha, group, temperature), dim=-1)


def _edges(group: Group) -> str:
    return f"{group.name}|edge"


def among_edges(beta: torch.Tensor, group: Group) -> torch.Tensor:
    """Softmax of beta, `rows x 1`, over the rows that enter the same node."""
    entered = np.asarray(nodes(group))
    apart = torch.from_numpy(entered[:, None] != entered[None, :]).to(beta.device)
    return torch.softmax(beta.T.masked_fill(apart, -torch.inf), dim=1).diagonal().unsqueeze(1)
