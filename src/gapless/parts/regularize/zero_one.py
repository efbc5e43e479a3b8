"""Zero-one: gates are driven apart, to 0 and to 1."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import torch

from gapless.core import Schedule, Space, at
from gapless.nets.gate import Mix
from gapless.parts.contract import RunView


@dataclass(frozen=True)
class ZeroOne:
    """``-weight * mean |z - 1/2|^power`` over the N gates z of all options that an architecture may have.

    With power 2 it is highest at 1/2, where it is flat, and steepest at 0 and at 1; power 1 is the published
    ablation, which is as steep everywhere. Reference: Chu et al. 2020 (Fair DARTS);
    xiaomi-automl/FairDARTS, fairdarts/separate_loss.py, fairdarts/train_search.py (weight 10).

    Args:
        weight: w of the term beside the cross-entropy.
        power: 2 or 1.
    """

    weight: Schedule[float] = 10.0
    power: Literal[1, 2] = 2

    def __call__(self, run: RunView, mix: Mix) -> torch.Tensor:
        entries = []
        for group in run.choices.groups():
            gates = mix[group.name].weight
            assert gates is not None
            entries.append(gates[torch.from_numpy(group.pickable).to(gates.device)])
        apart = (torch.cat(entries) - 0.5).abs().pow(self.power)
        return -float(at(self.weight, run.progress)) * apart.mean()

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the regularizer 'zero-one' needs the gates of a relaxation, but the stage has none"
