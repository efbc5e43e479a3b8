"""Smooth maximum: alpha is kept from growing, the largest entry of each row most."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch

from gapless.core import Schedule, Space, at
from gapless.nets.gate import Mix
from gapless.parts.contract import RunView
from gapless.parts.relax.logits import logits


@dataclass(frozen=True)
class SmoothMax:
    """``weight * sum over groups of mean over rows of log sum_o exp(alpha_o)``.

    Its gradient in alpha_o is the softmax gate of o: a decay that is proportional to the gate. Reference: Ye
    et al. 2022 (beta-DARTS), eq. 9-11, where it is called beta decay; Sunshine-Ye/Beta-DARTS,
    optimizers/darts/architect.py, for one group.

    Args:
        weight: a number or a schedule.
    """

    weight: Schedule[float] = 1.0

    def __call__(self, run: RunView, mix: Mix) -> torch.Tensor:
        weight = float(at(self.weight, run.progress))
        rows = [torch.logsumexp(logits(run.alpha, group), dim=-1) for group in run.choices.groups()]
        return weight * torch.stack([row.mean() for row in rows]).sum()

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the regularizer 'smooth max' acts on alpha, but the stage has no relaxation"
