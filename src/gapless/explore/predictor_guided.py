"""Predictor-guided search: score what a model of the history believes in, as BANANAS does.

White, Neiswanger & Savani 2021, algorithm 1; naszilla/naszilla, acquisition_functions.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy.special import ndtr

from gapless.core import Arch, Space
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.evaluate.predictor.contract import Predictor, Values, features, moments
from gapless.explore.contract import check_count
from gapless.explore.learned import best, candidates, made, model_of, within
from gapless.explore.random import filled

Acquisition = Literal["thompson", "upper-bound", "improvement", "mean"]


@dataclass(frozen=True)
class PredictorGuided:
    """Random architectures first; then batches of the candidates with the highest acquisition.

    A model is fitted to the normal scores of all records at every call. Candidates are mutants of the best
    architectures and random ones; a model with mean m and standard deviation s ranks them by

    - ``thompson``: a draw from N(m, s^2) for each candidate alone (independent Thompson sampling),
    - ``upper-bound``: ``m + weight * s``,
    - ``improvement``: the expectation of ``max(0, f - best)``, f from N(m, s^2),
    - ``mean``: m.

    Deviation: a Gaussian process in the place of five networks (predictor ``mlp``), normal scores, random
    candidates beside the mutants, and numbers of ours where theirs are ``initial`` and ``batch`` 10: they
    were chosen on the NAS-Bench-201 table (CIFAR-10, searched by validation after 12 epochs).

    Args:
        predictor: or its name.
        initial: random architectures before the first model.
        batch: architectures asked for at most before the model is fitted anew.
        parents: architectures that candidates are mutants of.
        mutants: candidates that are mutants.
        random: candidates that are random.
        acquisition: see above.
        weight: of the standard deviation in ``upper-bound``.
        objective: what is maximised.

    Raises:
        BadValue: counts below 1, an unknown acquisition, or a negative weight.
        UnknownName: no predictor of that name.
    """

    predictor: Predictor | str = "gaussian-process"
    initial: int = 20
    batch: int = 5
    parents: int = 5
    mutants: int = 100
    random: int = 20
    acquisition: Acquisition = "thompson"
    weight: float = 1.0
    objective: str = "accuracy"

    def __post_init__(self) -> None:
        made(self.predictor)
        counts = (self.initial, self.batch, self.parents, self.mutants, self.random)
        known = self.acquisition in get_args(Acquisition)
        if min(counts) < 1 or not known or self.weight < 0:
            raise BadValue(
                expected="initial, batch, parents, mutants and random >= 1, an acquisition of "
                f"{', '.join(get_args(Acquisition))}, and a weight >= 0",
                got=f"{counts}, '{self.acquisition}' and {self.weight}",
                do="correct them",
            )

    def ask(self, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int) -> list[Arch]:
        """See `gapless.explore.contract.Explorer.ask`."""
        check_count(n)
        known = within(history, space)
        if len(known) < self.initial:
            return filled(min(n, self.initial - len(known)), lambda place, seen: None, history, space, rng)
        ranked = self._ranked(known, history, space, rng)
        count = min(n, self.batch)
        return filled(
            count, lambda place, seen: ranked[place] if place < len(ranked) else None, history, space, rng
        )

    def _ranked(
        self, known: Sequence[Record], history: Sequence[Record], space: Space, rng: np.random.Generator
    ) -> list[Arch]:
        """New candidates, the best first."""
        predictor, seen = made(self.predictor), {record.arch for record in history}
        parents = best(known, self.parents, self.objective)
        pool = candidates(parents, self.mutants, self.random, seen, space, rng)
        if not pool:
            return []
        model, y = model_of(predictor, known, space, self.objective)
        mean, spread = moments(model, features(predictor, space, pool))
        value = acquired(self.acquisition, mean, spread, float(y.max()), self.weight, rng)
        return [pool[int(i)] for i in np.argsort(-value, kind="stable")]


def acquired(
    acquisition: Acquisition, mean: Values, spread: Values, highest: float, weight: float,
    rng: np.random.Generator,
) -> Values:  # fmt: skip
    """What each candidate is worth asking for, `n`."""
    ways: dict[str, Callable[[], Values]] = {
        "thompson": lambda: rng.normal(mean, spread),
        "upper-bound": lambda: mean + weight * spread,
        "improvement": lambda: improvement(mean, spread, highest),
        "mean": lambda: mean,
    }
    return ways[acquisition]()


def improvement(mean: Values, spread: Values, highest: float) -> Values:
    """Expected improvement of N(mean, spread^2) over the highest value so far, `n` (Mockus 1975)."""
    gain, s = mean - highest, np.maximum(spread, 1e-12)
    found: Values = gain * ndtr(gain / s) + s * np.exp(-0.5 * (gain / s) ** 2) / np.sqrt(2 * np.pi)
    return found
