"""Sampling by capacity: operations with more to learn are trained more often."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gapless.core import Space
from gapless.parts.contract import Active, Gates, RunView
from gapless.parts.sample.chance import draw, open_picks


@dataclass(frozen=True)
class Capacity:
    """``n`` architectures a step, the options of a choice drawn with odds that grow with their parameters.

    Odds are 1 for an option without parameters, and ``lightest * (p / p_least) ** power`` for one with p, of
    which the lightest in the choice has p_least. Equal shares train unequally: an operation without
    parameters is at its best at once, so while convolutions are short of steps shared weights rank
    architectures of many skips too high. Ours; strict fairness (FairNAS) is the rule against which it stands.

    Args:
        n: architectures.
        lightest: odds of the lightest option that has parameters; above 0.
        power: 0 gives all options with parameters the same odds.
    """

    n: int = 1
    lightest: float = 4.0
    power: float = 1 / 3

    def __call__(self, run: RunView, rng: np.random.Generator) -> Sequence[Active]:
        odds = self.odds(run.costs("params"), run.choices)
        return [run.choices.active(draw(run.choices, odds, rng)) for _ in range(self.n)]

    def odds(self, parameters: Gates, choices: Space) -> dict[str, Any]:
        """Odds of each group, `rows x options`, from what its operations have; 0 where there is no option."""
        found = {}
        for group in choices.groups():
            table = np.where(group.pickable, parameters[group.name], 0.0)
            least = np.where(table > 0, table, np.inf).min(axis=1, keepdims=True)
            ratio = np.divide(table, least, out=np.zeros_like(table), where=np.isfinite(least))
            odds = np.where(ratio > 0, self.lightest * ratio**self.power, 1.0)
            found[group.name] = np.where(group.pickable, odds, 0.0)
        return found

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if self.n < 1 or self.lightest <= 0 or self.power < 0:
            yield (
                "the sampler 'capacity' needs at least 1 architecture, lightest > 0 and power >= 0, "
                f"but has {self.n}, {self.lightest} and {self.power}"
            )
        yield from open_picks(choices, "the sampler 'capacity'")
