"""Factorised: choices that stand side by side on an edge have a softmax each, and their product weighs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from gapless.core import Progress, Schedule, Space, at
from gapless.nets.gate import Gate, Mix
from gapless.parts.contract import Alpha
from gapless.parts.relax.edge_product import EdgeProduct, weighed
from gapless.parts.relax.gate import smooth
from gapless.parts.relax.logits import logits, present


@dataclass(frozen=True)
class Factorised:
    """``gate_eo = softmax_e(beta) * softmax_o(alpha_e / t)`` and ``gate_ea = softmax_a(gamma_e / t)``.

    The network multiplies the two, so that a pair (o, a) on edge e has the weight ``softmax_e(beta) *
    softmax_o(alpha_e / t) * softmax_a(gamma_e / t)``: M + N numbers where a softmax over pairs has M N. The
    first choice on an edge is weighed as in `EdgeProduct`, with beta in the table ``group|edge``; every
    further one, gamma, by its softmax alone. Options are compared by the gates. Reference: Wang et al. 2019;
    edge normalisation: Xu et al. 2020 (PC-DARTS), section 3.3.

    Args:
        scale: standard deviation of the normal initial values of alpha and gamma.
        edge_scale: of those of beta.
        temperature: t.
    """

    scale: float = 1e-3
    edge_scale: float = 1e-3
    temperature: Schedule[float] = 1.0

    def init(self, choices: Space, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
        tables = EdgeProduct(self.scale, self.edge_scale).init(choices, rng)
        for name in further(choices):
            del tables[f"{name}|edge"]
        return tables

    def __call__(self, alpha: Alpha, choices: Space, progress: Progress, rng: np.random.Generator) -> Mix:
        weights = self.strengths(alpha, choices, progress)
        return {g.name: Gate(weights[g.name], present(g)) for g in choices.groups()}

    def strengths(self, alpha: Alpha, choices: Space, progress: Progress) -> dict[str, torch.Tensor]:
        alone, temperature = further(choices), float(at(self.temperature, progress))
        return {
            g.name: smooth(logits(alpha, g, temperature), g, "exp", "row")
            if g.name in alone else weighed(alpha, g, temperature)
            for g in choices.groups()
        }  # fmt: skip


def further(choices: Space) -> frozenset[str]:
    """Groups of choices that stand, inside an option, after one of another group."""
    before: dict[tuple[str, ...], str] = {}
    found = set()
    for group in choices.groups():
        for path in group.rows:
            if len(path) > 2 and before.setdefault(path[:-1], group.name) != group.name:
                found.add(group.name)
    return frozenset(found)
