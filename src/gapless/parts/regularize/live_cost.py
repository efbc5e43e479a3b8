"""Live cost: what the operations that are still alive cost, by the logarithm of their shares."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from gapless.core import Group, Space
from gapless.core.groups import nodes
from gapless.nets.gate import Mix
from gapless.parts.contract import Extra, RunView

PRICE = "live_cost/lambda"


@dataclass(frozen=True)
class LiveCost:
    """``lambda * sum over live o of log(1 + n pi_o) * (each + per_million * MACs_o / 1e6)``.

    ``pi_o`` is the gate of o as a share of all gates that enter the same node, o is alive where pi_o is above
    ``floor``, and n counts the live ones of its node. lambda is a number of the run that begins at ``price``
    and that a mask may change. Reference: Bi et al. 2020 (GOLD-NAS); sunsmarterjie/GOLD_NAS,
    cifar_search/model_search.py (each 1, floor 0.01, MACs weighed by 0).

    Args:
        each: what an operation costs whatever it computes.
        per_million: what a million MACs cost, mu.
    """

    each: float = 1.0
    per_million: float = 0.0
    floor: float = 0.01
    price: float = 0.0

    def init(self, run: RunView) -> Extra:
        return {PRICE: torch.tensor(self.price, dtype=torch.float64, device=run.device)}

    def __call__(self, run: RunView, mix: Mix) -> torch.Tensor:
        total = torch.zeros((), device=run.device)
        for group in run.choices.groups():
            gates = mix[group.name].weight
            assert gates is not None
            cost: float | torch.Tensor = self.each
            if self.per_million:
                macs = torch.from_numpy(run.costs("macs")[group.name]).to(gates)
                cost = self.each + self.per_million * macs / 1e6
            total = total + (spread(gates, group, self.floor) * cost).sum()
        price: torch.Tensor = run.extra[PRICE]
        return price.to(total.dtype) * total

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the regularizer 'live-cost' needs the gates of a relaxation, but the stage has none"
        if not self.price and stage.mask is None:
            yield (
                "the regularizer 'live-cost' begins with a price of 0 that a mask raises, "
                "but the stage has no mask; give it a price or the mask 'gradual'"
            )


def spread(gates: torch.Tensor, group: Group, floor: float) -> torch.Tensor:
    """``log(1 + n pi)`` of each live option, 0 of the others, `rows x options`."""
    there = torch.from_numpy(group.pickable).to(gates.device)
    entered = torch.from_numpy(np.asarray(nodes(group))).to(gates.device)
    gates = torch.where(there, gates, torch.zeros_like(gates))
    per_node = gates.new_zeros(int(entered.max()) + 1)
    shares = gates / per_node.index_add(0, entered, gates.sum(1))[entered, None]
    live = there & (shares.detach() > floor)
    count = per_node.index_add(0, entered, live.sum(1).to(gates.dtype))[entered, None]
    return torch.where(live, torch.log1p(count * shares), torch.zeros_like(shares))
