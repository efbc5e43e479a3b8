"""Two paths: at each choice two drawn operations, of which one is on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from gapless.core import Group, Progress, Space
from gapless.nets.gate import Gate, Mix
from gapless.parts.contract import Alpha
from gapless.parts.relax.logits import logits
from gapless.parts.relax.softmax import Softmax


@dataclass(frozen=True)
class TwoPath:
    """``g`` in {0, 1}, with ``dL/dalpha_i = sum_j dL/dg_j * q_j (delta_ij - q_i)`` over two options a and b.

    p = softmax(alpha). a and b are drawn from p without replacement, q is the softmax of the two alone, and
    the one that is on is drawn from q; both are computed, no other is. Options are compared by p.
    Together with `gapless.parts.update.rescale` the probabilities of all others stay as they were.
    Reference: Cai, Zhu & Han 2019 (ProxylessNAS), section 3.2.1, eq. 4; mit-han-lab/proxylessnas,
    search/modules/mix_op.py (mode ``two``).

    Args:
        scale: standard deviation of the normal initial values of alpha.
    """

    scale: float = 1e-3
    random: ClassVar[bool] = True

    def init(self, choices: Space, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
        return Softmax(self.scale).init(choices, rng)

    def __call__(self, alpha: Alpha, choices: Space, progress: Progress, rng: np.random.Generator) -> Mix:
        strengths = self.strengths(alpha, choices, progress)
        return {g.name: _gate(alpha, g, strengths[g.name], rng) for g in choices.groups()}

    def strengths(self, alpha: Alpha, choices: Space, progress: Progress) -> dict[str, torch.Tensor]:
        return Softmax().strengths(alpha, choices, progress)


def _gate(alpha: Alpha, group: Group, strengths: torch.Tensor, rng: np.random.Generator) -> Gate:
    p = strengths.detach().double().cpu().numpy()
    drawn = np.zeros(group.mask.shape, dtype=bool)
    for row, has in enumerate(group.mask):
        drawn[row, _two(p[row], has, rng)] = True
    out = torch.from_numpy(~drawn).to(strengths.device)
    q = torch.softmax(logits(alpha, group).masked_fill(out, -torch.inf), dim=-1)
    on = torch.zeros_like(q)
    for row, shares in enumerate(q.detach().double().cpu().numpy()):
        on[row, int(rng.choice(len(shares), p=shares / shares.sum()))] = 1.0
    return Gate(on + (q - q.detach()), drawn)


def _two(p: NDArray[np.float64], has: NDArray[np.bool_], rng: np.random.Generator) -> list[int]:
    """Two options drawn one after the other; the only one where a row has no second."""
    left, picked = np.where(has, np.maximum(p, np.finfo(np.float64).tiny), 0.0), []
    for _ in range(min(2, int(has.sum()))):
        picked.append(int(rng.choice(len(left), p=left / left.sum())))
        left[picked[-1]] = 0.0
    return picked
