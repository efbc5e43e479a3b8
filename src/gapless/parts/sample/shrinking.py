"""Shrinking: the dearest options alone at first, cheaper ones as time goes on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gapless.core import Linear, Schedule, Space, at
from gapless.nets.cost import KINDS
from gapless.parts.contract import Active, RunView
from gapless.parts.sample.chance import open_picks
from gapless.parts.sample.price import ranked


@dataclass(frozen=True)
class Shrinking:
    """``n`` architectures a step, uniform among those of the dearest options of every choice.

    Of m options at a choice that picks k, the ``max(k, floor(share * m) + 1)`` dearest are drawn: with a
    share of 0 the dearest architecture alone, with 1/2 at least two options, with 1 all. Reference: Cai et
    al. 2020 (Once-for-All), section 3.3, progressive shrinking; there kernel sizes become smaller first, then
    depths, then widths, while a space of ours does not say which of its choices is which.

    Args:
        n: architectures.
        share: see above, from 0 to 1; a number or a schedule.
        cost: what is counted, ``macs`` or ``params``.
    """

    n: int = 1
    share: Schedule[float] = field(default_factory=lambda: Linear(0.0, 1.0))
    cost: str = "macs"

    def __call__(self, run: RunView, rng: np.random.Generator) -> Sequence[Active]:
        dear = self.narrowed(run)
        return [run.choices.active(dear.sample(rng)) for _ in range(self.n)]

    def narrowed(self, run: RunView) -> Space:
        """What may be drawn in this step."""
        share, choices = at(self.share, run.progress), run.choices
        ordered = ranked(choices, run.costs(self.cost))
        kept = {
            where: set(options[: max(choices.choice(where).most, math.floor(share * len(options)) + 1)])
            for where, options in ordered.items()
        }
        return choices.restrict(lambda where, option: option in kept[where])

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if self.n < 1:
            yield f"the sampler 'shrinking' needs at least 1 architecture a step, but has {self.n}"
        if self.cost not in KINDS:
            yield f"the sampler 'shrinking' counts {' or '.join(KINDS)}, not '{self.cost}'"
        if not callable(self.share) and not 0 <= self.share <= 1:
            yield f"the sampler 'shrinking' needs a share from 0 to 1, but has {self.share}"
        yield from open_picks(choices, "the sampler 'shrinking'")
