"""Straight-through: one operation of each choice is drawn and computed; the gradient is that of a softmax."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from gapless.core import Linear, Progress, Schedule, Space, at
from gapless.nets.gate import Mix
from gapless.parts.contract import Alpha
from gapless.parts.relax.gate import gate
from gapless.parts.relax.softmax import normal, probabilities


@dataclass(frozen=True)
class StraightThrough:
    """``gate = onehot(argmax_o p_o)`` in the forward, p in the backward, ``p = softmax((alpha + G) / t)``.

    G is Gumbel noise, drawn anew each step. An operation that was not drawn is not computed and gives alpha
    no gradient of its own. Options are compared by softmax(alpha). Reference: Dong & Yang 2019 (GDAS);
    D-X-Y/AutoDL-Projects, search_model_gdas_nasnet.py (t falls from 10 to 0.1 on a line, by epochs).

    Args:
        scale: standard deviation of the normal initial values.
        temperature: t.
        draw: ``sampled`` draws by ``softmax(alpha / t)`` and takes its gradient, without the noise.
    """

    scale: float = 1e-3
    temperature: Schedule[float] = field(default_factory=lambda: Linear(10.0, 0.1, "epoch"))
    draw: Literal["straight-through", "sampled"] = "straight-through"
    random: ClassVar[bool] = True

    def init(self, choices: Space, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
        return normal(choices, rng, self.scale)

    def __call__(self, alpha: Alpha, choices: Space, progress: Progress, rng: np.random.Generator) -> Mix:
        temperature = float(at(self.temperature, progress))
        return {
            g.name: gate(alpha, g, temperature=temperature, draw=self.draw, rng=rng) for g in choices.groups()
        }

    def strengths(self, alpha: Alpha, choices: Space, progress: Progress) -> dict[str, torch.Tensor]:
        return probabilities(alpha, choices)

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        update = getattr(stage.update, "rule", stage.update)
        if getattr(getattr(update, "formula", update), "c", 0) != 0:
            yield (
                "the gates 'straight-through' compute one operation a choice, but the update rule "
                f"'{type(update).__name__.lower()}' takes second derivatives, which operations left out do "
                "not have; use it at first order"
            )
