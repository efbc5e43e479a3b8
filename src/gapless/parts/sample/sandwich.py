"""The sandwich rule: the largest, the smallest, and some between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gapless.core import Space
from gapless.nets.cost import KINDS
from gapless.parts.contract import Active, RunView
from gapless.parts.sample.price import extreme


@dataclass(frozen=True)
class Sandwich:
    """``n`` architectures a step: the one that costs most, the one that costs least, n - 2 uniform ones.

    Reference: Yu & Huang 2019 (universally slimmable networks; AutoSlim), n = 4;
    JiahuiYu/slimmable_networks, train.py. There the others learn from what the largest says, which is the
    update rule ``inplace-distillation``.

    Args:
        n: at least 2.
        cost: what is counted, ``macs`` or ``params``.
    """

    n: int = 4
    cost: str = "macs"

    def __call__(self, run: RunView, rng: np.random.Generator) -> Sequence[Active]:
        choices, costs = run.choices, run.costs(self.cost)
        ends = [extreme(choices, costs, dearest) for dearest in (True, False)]
        return [choices.active(a) for a in (*ends, *(choices.sample(rng) for _ in range(self.n - 2)))]

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if self.n < 2:
            yield f"the sampler 'sandwich' needs at least 2 architectures a step, but has {self.n}"
        if self.cost not in KINDS:
            yield f"the sampler 'sandwich' counts {' or '.join(KINDS)}, not '{self.cost}'"
