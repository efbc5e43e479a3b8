"""Reactions: what happens to a search when an observer has seen enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from gapless.parts.contract import Rollback, RunView, Stop


class Reaction(Protocol):
    def __call__(self, run: RunView, back: int, row: Mapping[str, float]) -> Stop | None:
        """What the observer raises, to go ``back`` so many epochs; None to go on as if nothing were."""
        ...


@dataclass(frozen=True)
class End:
    """The stage ends, as it stood then."""

    def __call__(self, run: RunView, back: int, row: Mapping[str, float]) -> Stop | None:
        return Stop(back, row)


@dataclass(frozen=True)
class Decay:
    """The stage goes on from where it stood then, with ``factor`` times the weight decay of omega.

    Nothing happens once the weight decay has reached ``most``. Reference: Zela et al. 2020 (DARTS-ADA),
    algorithm 1; automl/RobustDARTS, src/search/train_search.py (3 and 0.0243 = 3^4 * 3e-4).

    Args:
        factor: what the weight decay is multiplied by.
        most: the weight decay from which on it stays.
    """

    factor: float = 3.0
    most: float = 0.0243

    def __call__(self, run: RunView, back: int, row: Mapping[str, float]) -> Stop | None:
        if run.weights.weight_decay * (1 + 1e-9) >= self.most:
            return None
        decay = run.weights.decay * self.factor

        def then(run: RunView) -> None:
            run.weights.decay = decay

        return Rollback(back, then, row)
