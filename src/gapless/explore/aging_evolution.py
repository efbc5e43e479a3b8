"""Aging evolution: the oldest dies, whatever its accuracy (AmoebaNet).

Real, Aggarwal, Huang & Le 2019 (regularized evolution), section 3.2 and algorithm 1; the toy program that
came with it (google-research, regularized_evolution_algorithm) draws samples with replacement, as here.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np

from gapless.core import Arch, Space
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.explore.contract import check_count, worth
from gapless.explore.random import filled

TRIES = 10


@dataclass(frozen=True)
class AgingEvolution:
    """The last ``population`` architectures are alive; a child is a mutant of the best of some of them.

    The first ``population`` are random. After that the parent is the best of ``sample`` living ones drawn
    with replacement, and the child has one edit. Children asked for at once have parents of one population,
    as those of workers that run side by side.

    `published` has the paper's numbers, for 20,000 evaluations. The defaults are for a few hundred: with
    them 100 evaluations on NAS-Bench-201 (CIFAR-10, mean of 200 searches) found 94.15%, 200 found 94.28%.

    Deviation: an architecture is never scored twice. A child that was scored before is drawn anew, parent
    and edit, up to 10 times; then it is a random architecture. So there are no identity mutations (5% of the
    paper's).

    Args:
        population: how many are alive.
        sample: how many are compared for a parent.

    Raises:
        BadValue: a population or a sample below 1.
    """

    population: int = 30
    sample: int = 10

    def __post_init__(self) -> None:
        if self.population < 1 or self.sample < 1:
            raise BadValue(
                expected="a population and a sample >= 1",
                got=f"population={self.population}, sample={self.sample}",
                do="raise them",
            )

    @classmethod
    def published(cls) -> AgingEvolution:
        """As in the paper (section 3.3): a population of 100, samples of 25."""
        return cls(100, 25)

    def ask(self, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int) -> list[Arch]:
        """See `gapless.explore.contract.Explorer.ask`."""
        check_count(n)
        if len(history) < self.population:
            return filled(min(n, self.population - len(history)), lambda *_: None, history, space, rng)
        alive = [r for r in history[-self.population :] if r.arch in space]
        values = [worth(record, "accuracy") for record in alive]

        def child(place: int, seen: Set[Arch]) -> Arch | None:
            for _ in range(TRIES if alive else 0):
                drawn = rng.integers(len(alive), size=self.sample).tolist()
                arch = space.mutate(alive[max(drawn, key=values.__getitem__)].arch, rng)
                if arch not in seen:
                    return arch
            return None

        return filled(n, child, history, space, rng)
