"""Cost-uniform sampling: every bin of cost is equally likely."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gapless.core import Space
from gapless.nets.cost import KINDS
from gapless.parts.contract import Active, Gates, RunView
from gapless.parts.sample.price import extreme, price


@dataclass(frozen=True)
class CostUniform:
    """``n`` architectures a step, each uniform within a bin of cost, and the bin uniform.

    A bin is drawn, and architectures uniformly from the whole space until one costs what the bin says;
    after ``tries`` of them the next one is taken whatever it costs. Reference: Guo et al. 2019 (Single Path
    One-Shot); megvii-model/SinglePathOneShot, src/Supernet/train.py: seven bins of 10 million FLOPs between
    290 and 360 million, 500 tries.

    Args:
        n: architectures.
        bins: of equal width.
        low: where they begin, as a share of the way from the cheapest architecture to the dearest.
        high: where they end, likewise.
        tries: see above.
        cost: ``macs`` or ``params``.
    """

    n: int = 1
    bins: int = 7
    low: float = 0.0
    high: float = 1.0
    tries: int = 500
    cost: str = "macs"

    def __call__(self, run: RunView, rng: np.random.Generator) -> Sequence[Active]:
        choices, costs = run.choices, run.costs(self.cost)
        least, most = (price(choices.active(extreme(choices, costs, d)), costs) for d in (False, True))
        ends = least + (most - least) * np.linspace(self.low, self.high, self.bins + 1)
        return [self._within(*self._bin(ends, rng), choices, rng, costs) for _ in range(self.n)]

    def _bin(
        self, ends: np.ndarray[Any, np.dtype[np.float64]], rng: np.random.Generator
    ) -> tuple[float, float]:
        k = int(rng.integers(self.bins))
        return float(ends[k]), float(ends[k + 1])

    def _within(
        self, low: float, high: float, choices: Space, rng: np.random.Generator, costs: Gates
    ) -> Active:
        for _ in range(self.tries):
            active = choices.active(choices.sample(rng))
            if low <= price(active, costs) <= high:
                return active
        return choices.active(choices.sample(rng))

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if self.bins < 1 or not 0 <= self.low < self.high <= 1:
            yield (
                "the sampler 'cost-uniform' needs at least 1 bin between shares 0 <= low < high <= 1, "
                f"but has {self.bins} between {self.low} and {self.high}"
            )
        if self.cost not in KINDS:
            yield f"the sampler 'cost-uniform' counts {' or '.join(KINDS)}, not '{self.cost}'"
