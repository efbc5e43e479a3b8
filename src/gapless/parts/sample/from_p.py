"""From p: architectures drawn by the strengths of their options."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gapless.core import Space
from gapless.parts.contract import Active, RunView
from gapless.parts.sample.chance import draw, open_picks


@dataclass(frozen=True)
class FromP:
    """``n`` architectures a step: ``P(o) = p_o / sum_o' p_o'`` at every choice, o' an option it may have.

    p are the strengths of the stage's relaxation. Where a node picks edges they are drawn one after the
    other without replacement, an edge by the sum of p over the operations that it may have; so ``none`` in
    DARTS cells lowers the odds of its edge. Reference: Cai, Zhu & Han 2019 (ProxylessNAS), eq. 2-3.
    """

    n: int = 1

    def __call__(self, run: RunView, rng: np.random.Generator) -> Sequence[Active]:
        gates = run.gates()
        return [run.choices.active(draw(run.choices, gates, rng)) for _ in range(self.n)]

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the sampler 'from-p' draws by the strengths of a relaxation, but the stage has none"
        yield from open_picks(choices, "the sampler 'from-p'")
