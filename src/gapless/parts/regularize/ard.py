"""Automatic relevance determination: switches are drawn to 0, each by a weight of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch

from gapless.core import Space
from gapless.nets.gate import Mix
from gapless.parts.contract import RunView
from gapless.parts.relax.switches import CHOICES, OPTIONS, Switches, beside


@dataclass(frozen=True)
class Ard:
    """``choice * sum_c omega_c |s_c| + option * sum_co omega_co |s_co|``, omega held constant.

    Reference: Zhou et al. 2019 (BayesNAS); BayesNAS/BayesNAS, search/Algorithm.py, loss_cal, where a switch
    is one in each cell and the norm is over the cells.

    Args:
        choice: weight of the switches of choices.
        option: weight of the switches of options.
    """

    choice: float = 0.01
    option: float = 0.01

    def __call__(self, run: RunView, mix: Mix) -> torch.Tensor:
        terms = []
        for group in run.choices.groups():
            there = torch.from_numpy(group.mask).to(run.device)
            for kind, weight, mask in ((OPTIONS, self.option, there), (CHOICES, self.choice, 1)):
                omega = run.alpha[beside(group.name, kind, "omega")].detach()
                terms.append(weight * (omega * run.alpha[group.name + kind].abs() * mask).sum())
        return torch.stack(terms).sum()

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        return no_switches("ard", stage)


def no_switches(name: str, stage: Any) -> Iterable[str]:
    """Why a part that works on switches cannot."""
    if not isinstance(stage.relax, Switches):
        relax = "no relaxation" if stage.relax is None else f"'{type(stage.relax).__name__}'"
        yield f"'{name}' works on 'Switches', but the relaxation of the stage is {relax}"
