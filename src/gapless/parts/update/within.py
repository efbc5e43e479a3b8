"""Within: alpha is put back into an interval after every step of another rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch

from gapless.core import Space
from gapless.parts.contract import Batch, Extra, RunView, Scalars, Update, objections
from gapless.parts.update.bilevel import Bilevel


@dataclass(frozen=True)
class Within:
    """A step of ``rule``, then ``alpha <- min(max(alpha, low), high)``, the projection onto the box.

    Reference: Yao et al. 2020 (NASP); xujinfan/NASP-codes, codes/train_search.py ([0, 1]).

    Args:
        rule: the step.
        low: the least value of an alpha.
        high: the largest.
    """

    rule: Update = field(default_factory=Bilevel)
    low: float = 0.0
    high: float = 1.0

    def init(self, run: RunView) -> Extra:
        return self.rule.init(run)

    def step(self, run: RunView, train: Batch, val: Batch) -> Scalars:
        scalars = self.rule.step(run, train, val)
        with torch.no_grad():
            for table in run.alpha.values():
                table.clamp_(self.low, self.high)
        return scalars

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if self.low >= self.high:
            yield f"'within' needs low below high, but they are {self.low} and {self.high}"
        yield from objections(self.rule, recipe, stage, choices)
