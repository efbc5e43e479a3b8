"""Learned: what explorers with a predictor share, a model of the history and candidates near the best."""

from __future__ import annotations

from collections.abc import Sequence, Set

import numpy as np

from gapless.core import Arch, Space
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.evaluate import predictor as predictors
from gapless.evaluate.predictor.contract import Model, Predictor, Values, encoded, features, fitted
from gapless.evaluate.predictor.normal_scores import normal_scores
from gapless.explore.contract import worth

MOST = 500
"""Records that a model is fitted to at most, the latest, so that a fit stays cheap."""


def made(predictor: Predictor | str) -> Predictor:
    """A predictor, or that of a name.

    Raises:
        UnknownName: no predictor of that name.
    """
    return predictors.get(predictor) if isinstance(predictor, str) else predictor


def within(history: Sequence[Record], space: Space) -> list[Record]:
    """The records of architectures of the space."""
    return [record for record in history if _is_in(space, record.arch)]


def _is_in(space: Space, arch: Arch) -> bool:
    try:
        return encoded(space, arch).size > 0
    except BadValue:
        return False


def model_of(
    predictor: Predictor, records: Sequence[Record], space: Space, objective: str
) -> tuple[Model, Values]:
    """A model of the normal scores of what records are worth, and these scores, of the latest records.

    What failed has the lowest score.
    """
    latest = records[-MOST:]
    y = normal_scores(np.array([worth(record, objective) for record in latest]))
    return fitted(predictor, features(predictor, space, [record.arch for record in latest]), y), y


def best(records: Sequence[Record], count: int, objective: str) -> list[Arch]:
    """The best architectures, the earlier one first where two are equally good."""
    ranked = sorted(records, key=lambda record: -worth(record, objective))
    return list(dict.fromkeys(record.arch for record in ranked))[:count]


def candidates(
    parents: Sequence[Arch], mutants: int, random: int, seen: Set[Arch], space: Space,
    rng: np.random.Generator,
) -> list[Arch]:  # fmt: skip
    """Distinct architectures that were not seen: mutants of the parents in turn, then random ones.

    A mutant has one edit, and a further one with probability 1/3 after each.
    """
    drawn: dict[Arch, None] = {}
    for i in range(mutants if parents else 0):
        arch = space.mutate(parents[i % len(parents)], rng)
        while rng.random() < 1 / 3:
            arch = space.mutate(arch, rng)
        drawn[arch] = None
    drawn |= dict.fromkeys(space.sample(rng) for _ in range(random))
    return [arch for arch in drawn if arch not in seen]
