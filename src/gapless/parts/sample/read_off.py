"""Read off: the weights are trained at the architecture that would be found now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gapless.core import Space
from gapless.parts.contract import Active, Discretization, RunView
from gapless.parts.mask.strongest import Strongest


@dataclass(frozen=True)
class ReadOff:
    """One path a step: the architecture that ``rule`` reads off the present strengths. Nothing is drawn.

    Reference: Yao et al. 2020 (NASP); xujinfan/NASP-codes, codes/train_search.py.
    """

    rule: Discretization = field(default_factory=Strongest)

    def __call__(self, run: RunView, rng: np.random.Generator) -> Sequence[Active]:
        return [run.choices.active(self.rule(run.choices, run.gates()))]

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the sampler 'read-off' needs the strengths of a relaxation, but the stage has none"
