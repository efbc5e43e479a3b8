"""Langevin: noise on the weights after every step of another rule, so that they are drawn, not found."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch

from gapless.core import Schedule, Space, at
from gapless.parts.contract import Batch, Extra, RunView, Scalars, Update, objections
from gapless.parts.update.bilevel import Bilevel


@dataclass(frozen=True)
class Langevin:
    """A step of ``rule``, then ``w <- w + sqrt(2 * lr * temperature / n) * N(0, 1)``, drawn anew each step.

    n is the number of training images, in whole batches, and lr the learning rate of the step. With
    ``U = n * (L_tr + decay / 2 * |w|^2)`` and ``e = 2 * lr / n`` the two together are
    ``w <- w - e / 2 * grad U + N(0, e * temperature)``: at temperature 1, after many small steps, w is a draw
    from the posterior. Weights without a gradient in the step stay where they are. Reference: Welling & Teh
    2011 (SGLD), eq. 4; Guo et al. 2020 (ST-NAS), whose constants could not be checked. Deviation: it is
    exact for SGD without momentum and clipping, and used with any optimizer.

    Args:
        rule: the step.
        temperature: a number or a schedule, at least 0; 0 for no noise.
    """

    rule: Update = field(default_factory=Bilevel)
    temperature: Schedule[float] = 1.0

    def init(self, run: RunView) -> Extra:
        return self.rule.init(run)

    def step(self, run: RunView, train: Batch, val: Batch) -> Scalars:
        temperature, rate = float(at(self.temperature, run.progress)), run.weights.lr(run.progress)
        scalars = self.rule.step(run, train, val)
        images = run.progress.steps / run.progress.epochs * len(train[1])
        deviation, rng = math.sqrt(2 * rate * temperature / images), run.streams.generator("langevin")
        with torch.no_grad():
            for weight in run.weights.tensors:
                if deviation and weight.grad is not None:
                    drawn = torch.from_numpy(rng.standard_normal(tuple(weight.shape)))
                    weight.add_(drawn.to(weight.device, weight.dtype), alpha=deviation)
        return scalars

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if not callable(self.temperature) and not 0 <= self.temperature < math.inf:
            yield f"'langevin' needs a temperature of at least 0, but has {self.temperature}"
        yield from objections(self.rule, recipe, stage, choices)
