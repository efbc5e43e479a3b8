"""NSGA-II: an evolving front of trade-offs (Deb, Pratap, Agarwal & Meyarivan 2002).

FairNAS (Chu et al. 2021) searches its super-network with it, for accuracy, multiply-adds and parameters.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gapless.core import Arch, Space
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.explore.contract import WORST, check_count, worth
from gapless.explore.random import filled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OBJECTIVES = ("accuracy", "macs", "parameters")


@dataclass(frozen=True)
class Nsga2:
    """Generations bred from the survivors of the generations before.

    The first generation is random. The survivors of all earlier ones are found by replay: generation
    after generation the best ``population`` of the survivors and the new are kept, by non-domination
    rank, then by crowding distance. A child is the crossover of the winners of two binary tournaments
    with probability ``crossover``, else a copy of the first winner; then every decision is mutated with
    the given rate. A child that is not new in 10 tries is replaced by a random architecture.

    Deviation: FairNAS does not publish code of its search and its numbers could not be checked; the
    population is that of Single Path One-Shot, the crossover probability and the mutation rate of one
    decision a child are those of Deb et al. (section IV: 0.9 and one over the number of variables).
    Crossover is uniform, since choices have no order. Architectures are never scored twice.

    Args:
        population: evaluations a generation, and survivors.
        objectives: metrics to maximise and costs to minimise.
        crossover: probability that a child has two parents.
        rate: probability with which a decision is changed; None: one over the number of decisions.

    Raises:
        BadValue: a population below 2, no objective, or a probability outside [0, 1].
    """

    population: int = 50
    objectives: tuple[str, ...] = OBJECTIVES
    crossover: float = 0.9
    rate: float | None = None

    def __post_init__(self) -> None:
        if self.population < 2:
            raise BadValue(expected="a population >= 2", got=f"{self.population}", do="raise it")
        if not self.objectives:
            raise BadValue(expected="at least one objective", got="none", do="name 'accuracy'")
        for probability in (self.crossover, 0.0 if self.rate is None else self.rate):
            if not 0 <= probability <= 1:
                raise BadValue(expected="a probability in [0, 1]", got=f"{probability}", do="change it")

    def ask(self, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int) -> list[Arch]:
        """See `gapless.explore.contract.Explorer.ask`."""
        check_count(n)
        generation, first = divmod(len(history), self.population)
        survivors = self._survivors(history[: generation * self.population], space)

        def bred(place: int, seen: Set[Arch]) -> Arch | None:
            return self._bred(survivors, seen, space, rng) if survivors else None

        return filled(min(n, self.population - first), bred, history, space, rng)

    def _survivors(self, earlier: Sequence[Record], space: Space) -> list[tuple[Arch, tuple[int, float]]]:
        """The population after all whole generations, each with its key: lower is better."""
        values = worths(earlier, self.objectives)
        inside = np.array([record.arch in space for record in earlier], dtype=np.bool_)
        kept: Ints = np.zeros(0, np.int64)
        keys: list[tuple[int, float]] = []
        for start in range(0, len(earlier), self.population):
            new = np.arange(start, start + self.population)
            pool = np.concatenate([kept, new[inside[start : start + self.population]]])
            rank = ranks(values[pool])
            distance = crowding(values[pool], rank)
            order = np.lexsort((-distance, rank))[: self.population]
            kept = pool[order]
            keys = [(int(rank[i]), -float(distance[i])) for i in order]
        return [(earlier[i].arch, key) for i, key in zip(kept, keys, strict=True)]

    def _bred(
        self,
        survivors: Sequence[tuple[Arch, tuple[int, float]]],
        seen: Set[Arch],
        space: Space,
        rng: np.random.Generator,
    ) -> Arch | None:
        def winner() -> Arch:
            one, other = (survivors[int(i)] for i in rng.integers(len(survivors), size=2))
            return other[0] if other[1] < one[1] else one[0]

        for _ in range(10):
            child = winner()
            if rng.random() < self.crossover:
                child = space.crossover(child, winner(), rng)
            decisions = max(1.0, float(space.encode(child).sum()))
            child = space.mutate(child, rng, 1 / decisions if self.rate is None else self.rate)
            if child not in seen:
                return child
        return None


def worths(records: Sequence[Record], objectives: Sequence[str]) -> Floats:
    """`records x objectives`, higher is better in every column.

    A record in which an objective is not finite, such as a training that failed, is the worst in all, so that
    a low cost does not keep it.

    Raises:
        BadValue: a record lacks an objective.
    """
    rows = [[worth(record, objective) for objective in objectives] for record in records]
    rows = [[WORST] * len(row) if WORST in row else row for row in rows]
    return np.array(rows, dtype=np.float64).reshape(len(records), len(objectives))


def ranks(values: Floats) -> Ints:
    """Fast non-dominated sorting (section III-A): 0 for the front, 1 for the front without it, ...

    Args:
        values: `n x objectives`, higher is better.
    """
    one, other = values[:, None], values[None]
    dominates: NDArray[np.bool_] = np.all(one >= other, axis=-1) & np.any(one > other, axis=-1)
    dominators = dominates.sum(0)
    rank = np.full(len(values), -1, dtype=np.int64)
    level = 0
    while (rank < 0).any():
        members = np.flatnonzero((dominators == 0) & (rank < 0))
        rank[members] = level
        dominators = dominators - dominates[members].sum(0)
        level += 1
    return rank


def crowding(values: Floats, rank: Ints) -> Floats:
    """Crowding distance of each within its rank (section III-B).

    The sum over objectives of the difference between the two neighbours, over the range of the rank;
    infinite at both ends. Equal values are ordered as given; an objective in which a rank has no range
    adds nothing.

    Args:
        values: `n x objectives`.
        rank: `n`, from `ranks`.
    """
    distance = np.zeros(len(values))
    for level in range(int(rank.max(initial=-1)) + 1):
        members = np.flatnonzero(rank == level)
        for column in values[members].T:
            order = np.argsort(column, kind="stable")
            sorted_column = column[order]
            span = sorted_column[-1] - sorted_column[0]
            if span > 0:
                gaps = np.full(len(members), np.inf)
                gaps[1:-1] = (sorted_column[2:] - sorted_column[:-2]) / span
                distance[members[order]] += gaps
    return distance


def front(records: Sequence[Record], objectives: Sequence[str] = OBJECTIVES) -> list[Record]:
    """The records that no other one dominates, in the order given.

    Raises:
        BadValue: a record lacks an objective.
    """
    rank = ranks(worths(records, objectives))
    return [record for record, level in zip(records, rank, strict=True) if level == 0]
