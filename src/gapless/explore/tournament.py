"""Tournaments: of some that are alive the best has a child, and the worst dies (EvoNet, Hierarchical).

Real et al. 2017 (large-scale evolution of image classifiers), section 3.1; Liu et al. 2018 (hierarchical
representations for efficient architecture search), section 3.2. No code of either was read.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np

from gapless.core import Arch, Space
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.explore.contract import check_count
from gapless.explore.random import filled
from gapless.explore.replay import Replay, Scored, root, scores, stream

TRIES = 10
Alive = tuple[int, ...]
_REPLAY: Replay[tuple[int, Alive]] = Replay()


@dataclass(frozen=True)
class Tournament:
    """The best of ``size`` living architectures, drawn without replacement, has a child of one edit.

    The first ``population`` are random. With ``deaths`` the worst of the same draw dies, so that as many stay
    alive; without, all live for ever. Who was drawn for a child is a function of the first ``population``
    architectures and of the child's place, so that deaths are read off the history. Of children asked for at
    once, the later have no earlier one among their parents, whereas those that die are drawn among all that
    were scored by then: as where workers do not wait for each other, a parent and who dies for its child
    may come from different draws.

    `evonet` and `hierarchical` have the papers' numbers, for thousands of evaluations. The defaults are for
    a few hundred.

    Deviation: a child that was scored before is edited again, up to 10 times, then it is a random
    architecture: none is scored twice. Edits are those of the space, one a child, where EvoNet draws one of
    11 kinds of mutation; weights are not inherited. The hierarchical paper edits trivial genotypes 1000
    times at random for its first population, which a uniform draw stands for.

    Args:
        population: how many are random at the start.
        size: how many are drawn, at least 2; or below 1, as a share of those alive (at least 2).
        deaths: whether the worst of a draw dies.

    Raises:
        BadValue: a population below 2, or a size that is none of the above.
    """

    population: int = 20
    size: float = 5
    deaths: bool = True

    def __post_init__(self) -> None:
        whole = self.size >= 2 and self.size == int(self.size) and self.size <= self.population
        if self.population < 2 or not (whole or 0 < self.size < 1):
            raise BadValue(
                expected="a population >= 2, a size from 2 to the population or a share in (0, 1)",
                got=f"population={self.population}, size={self.size}",
                do="give such numbers",
            )

    @classmethod
    def evonet(cls) -> Tournament:
        """Pairs out of 1000, the worse of which dies."""
        return cls(1000, 2, True)

    @classmethod
    def hierarchical(cls) -> Tournament:
        """5% of all that were scored, none of which dies; 200 random ones at the start."""
        return cls(200, 0.05, False)

    def ask(self, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int) -> list[Arch]:
        """See `gapless.explore.contract.Explorer.ask`."""
        check_count(n)
        if len(history) < self.population:
            return filled(min(n, self.population - len(history)), lambda *_: None, history, space, rng)
        scored = scores(history)
        seed, alive = root([arch for arch, _ in scored[: self.population]]), self._alive(scored, space)

        def child(place: int, seen: Set[Arch]) -> Arch | None:
            nonlocal alive
            if not alive:
                return None
            best, worst = self._drawn(alive, scored, stream(seed, len(scored) + place))
            alive = _without(alive, worst) if self.deaths and len(alive) > 2 else alive
            arch = scored[best][0]
            for _ in range(TRIES):
                arch = space.mutate(arch, rng)
                if arch not in seen:
                    return arch
            return None

        return filled(n, child, history, space, rng)

    def _alive(self, scored: Scored, space: Space) -> Alive:
        """Places in the history of those alive: each record after the first ones came with a death."""
        first = tuple(i for i in range(self.population) if scored[i][0] in space)
        seed = root([arch for arch, _ in scored[: self.population]])
        done, alive = _REPLAY.recall((self, space), scored) or (self.population, first)
        for i in range(done, len(scored)):
            if self.deaths and alive:
                alive = _without(alive, self._drawn(alive, scored, stream(seed, i))[1])
            alive = (*alive, i) if scored[i][0] in space else alive
        _REPLAY.keep((self, space), scored, (len(scored), alive))
        return alive

    def _drawn(self, alive: Alive, scored: Scored, rng: np.random.Generator) -> tuple[int, int]:
        """The best and the worst of a tournament; of equals the one drawn first is better."""
        size = max(2, round(self.size * len(alive))) if self.size < 1 else int(self.size)
        places = rng.permutation(len(alive))[:size].tolist()
        order = sorted(places, key=lambda place: -scored[alive[place]][1])
        return alive[order[0]], alive[order[-1]]


def _without(alive: Alive, dead: int) -> Alive:
    return tuple(i for i in alive if i != dead)
