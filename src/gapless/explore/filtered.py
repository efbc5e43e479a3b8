"""Filtered: a predictor drops weak proposals of another explorer before they are scored."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gapless.core import Arch, Space
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.evaluate.predictor.contract import Predictor, features
from gapless.explore.contract import Allowed, Explorer, anything, asked, check_count
from gapless.explore.genetic import Genetic
from gapless.explore.learned import made, model_of, within


@dataclass(frozen=True)
class Filtered:
    """Of what an explorer proposes, the share ``keep`` with the highest predictions.

    The model is fitted to the normal scores of all records at every call. An explorer that ends its proposals
    at a generation has fewer dropped there; one whose places have roles (``genetic``) loses roles with them.
    Predictors as filters: Wen et al. 2020 (neural predictor), where the explorer is ``Random``.

    Args:
        explorer: what proposes.
        predictor: or its name.
        keep: in (0, 1].
        initial: records before anything is dropped.
        batch: how many are asked for at most before the model is fitted anew.
        objective: what is predicted.

    Raises:
        BadValue: a share outside (0, 1], or counts below 1.
        UnknownName: no predictor of that name.
    """

    explorer: Explorer = field(default_factory=Genetic)
    predictor: Predictor | str = "linear"
    keep: float = 0.3
    initial: int = 20
    batch: int = 10
    objective: str = "accuracy"

    def __post_init__(self) -> None:
        made(self.predictor)
        if not 0 < self.keep <= 1 or min(self.initial, self.batch) < 1:
            raise BadValue(
                expected="a share to keep in (0, 1], initial and batch >= 1",
                got=f"{self.keep}, {self.initial} and {self.batch}",
                do="correct them",
            )

    def ask(self, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int) -> list[Arch]:
        """See `gapless.explore.contract.Explorer.ask`."""
        return self.select(history, space, rng, n, anything)

    def select(
        self, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int, allowed: Allowed
    ) -> list[Arch]:
        """See `gapless.explore.contract.Selective.select`; the explorer is told, if it has to know."""
        check_count(n)
        known = within(history, space)
        if len(known) < self.initial:
            count = min(n, self.initial - len(known))
            return asked(self.explorer, history, space, rng, count, allowed)
        count = min(n, self.batch)
        proposed = asked(self.explorer, history, space, rng, math.ceil(count / self.keep), allowed)
        if len(proposed) < 2:
            return proposed
        predictor = made(self.predictor)
        model, _ = model_of(predictor, known, space, self.objective)
        predicted = model.predict(features(predictor, space, proposed))
        kept = min(count, math.ceil(self.keep * len(proposed)))
        return [proposed[int(i)] for i in np.argsort(-predicted, kind="stable")[:kept]]
