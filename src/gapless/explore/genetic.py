"""Evolutionary search with inherited weights, as in Single Path One-Shot.

Guo et al. 2019, section 3.4 and algorithm 1; megvii-model/SinglePathOneShot, src/Search/search.py.
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


@dataclass(frozen=True)
class Genetic:
    """Generations bred from the best of the whole history.

    The first generation is random. In every later one ``mutations`` places go to mutants of a parent,
    ``crossovers`` to children of two, the remainder to random architectures; the parents are the best
    ``parents`` architectures of all earlier generations. A place for which nothing new turns up in 10
    tries goes to a random architecture too.

    As published: population 50, 20 generations (1000 evaluations), 10 parents, 25 mutations at rate
    0.1, 25 crossovers.

    Deviation: a mutated decision takes another option, where the published code draws from all options,
    the present one included (for m options that is our rate times (m - 1) / m); nested choices cross
    over as a whole; the limit on FLOPs is the caller's.

    Args:
        population: evaluations a generation.
        parents: how many breed.
        mutations: places for mutants.
        crossovers: places for children of two parents.
        rate: probability with which a mutant's decision is changed.

    Raises:
        BadValue: counts or a rate outside what is allowed.
    """

    population: int = 50
    parents: int = 10
    mutations: int = 25
    crossovers: int = 25
    rate: float = 0.1

    def __post_init__(self) -> None:
        if self.population < 1 or self.parents < 1:
            raise BadValue(
                expected="a population and a number of parents >= 1",
                got=f"population={self.population}, parents={self.parents}",
                do="raise them",
            )
        if min(self.mutations, self.crossovers) < 0 or self.mutations + self.crossovers > self.population:
            raise BadValue(
                expected=f"mutations and crossovers >= 0 that fit into a population of {self.population}",
                got=f"mutations={self.mutations}, crossovers={self.crossovers}",
                do="lower them or raise population",
            )
        if not 0 < self.rate <= 1:
            raise BadValue(expected="a rate in (0, 1]", got=f"{self.rate}", do="use the published 0.1")

    def ask(self, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int) -> list[Arch]:
        """See `gapless.explore.contract.Explorer.ask`."""
        check_count(n)
        generation, first = divmod(len(history), self.population)
        parents = self._parents(history[: generation * self.population], space)

        def bred(place: int, seen: Set[Arch]) -> Arch | None:
            return self._bred(first + place, parents, seen, space, rng) if parents else None

        return filled(min(n, self.population - first), bred, history, space, rng)

    def _parents(self, earlier: Sequence[Record], space: Space) -> list[Arch]:
        """The best distinct architectures, the earlier one first where two are equally good."""
        best: dict[Arch, None] = {}
        for record in sorted(earlier, key=lambda record: -worth(record, "accuracy")):
            if len(best) == self.parents:
                break
            if record.arch in space:
                best[record.arch] = None
        return list(best)

    def _bred(
        self, place: int, parents: Sequence[Arch], seen: Set[Arch], space: Space, rng: np.random.Generator
    ) -> Arch | None:
        """The new mutant or child of this place, None where it is a random one's or nothing was new."""
        for _ in range(10 if place < self.mutations + self.crossovers else 0):
            a, b = (parents[int(i)] for i in rng.integers(len(parents), size=2))
            mutates = place < self.mutations
            arch = space.mutate(a, rng, self.rate) if mutates else space.crossover(a, b, rng)
            if arch not in seen:
                return arch
        return None
