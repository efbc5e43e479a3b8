"""Sigmoid: every operation has a gate of its own, and none competes with another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gapless.core import Progress, Schedule, Space, at
from gapless.nets.gate import Mix
from gapless.parts.contract import Alpha
from gapless.parts.mask.strongest import Strongest
from gapless.parts.relax.gate import gate, smooth
from gapless.parts.relax.logits import logits


@dataclass(frozen=True)
class Sigmoid:
    """``gate_o = 1 / (1 + exp(-alpha_o / t))``.

    Reference: Chu et al. 2020 (Fair DARTS); xiaomi-automl/FairDARTS, fairdarts/model_search.py
    (t = 1, all alpha begin at 0, so all gates at 1/2).

    Args:
        start: initial value of every alpha.
        temperature: t.
    """

    start: float = 0.0
    temperature: Schedule[float] = 1.0

    def init(self, choices: Space, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
        return constant(choices, self.start)

    def __call__(self, alpha: Alpha, choices: Space, progress: Progress, rng: np.random.Generator) -> Mix:
        temperature = float(at(self.temperature, progress))
        return {g.name: gate(alpha, g, "sigmoid", "nothing", temperature) for g in choices.groups()}

    def strengths(self, alpha: Alpha, choices: Space, progress: Progress) -> dict[str, torch.Tensor]:
        temperature = float(at(self.temperature, progress))
        return {
            g.name: smooth(logits(alpha, g, temperature), g, "sigmoid", "nothing") for g in choices.groups()
        }

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        return never_sparse("sigmoid", recipe, stage)


def constant(choices: Space, value: float) -> dict[str, NDArray[np.float32]]:
    """The same value everywhere, `rows x options` a group."""
    return {g.name: np.full(g.mask.shape, value, dtype=np.float32) for g in choices.groups()}


def never_sparse(name: str, recipe: Any, stage: Any) -> Iterable[str]:
    """Why gates that do not compete cannot be read off by their order alone."""
    by_order = isinstance(getattr(recipe.select, "rule", None), Strongest)
    if by_order and not stage.regularize and stage.mask is None:
        yield (
            f"gates '{name}' do not compete, so all may stay open, but the selection keeps the strongest: "
            "sigmoid gates need a sparsity regulariser or a threshold"
        )
