"""Local search: climb to the best neighbour until none is better, then start again.

White, Nolen & Savani 2021 (local search is state of the art for NAS benchmarks), algorithm 1 and section 3;
naszilla/naszilla, naszilla/nas_algorithms.py, local_search.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import numpy as np

from gapless.core import Arch, Space
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.explore.contract import check_count, worth
from gapless.explore.random import filled

MOST = 1000


@dataclass(frozen=True)
class LocalSearch:
    """Climbs: the best of ``starts`` random architectures, then a better neighbour, and again, until none is.

    With ``first`` the climb goes on from the first neighbour that is better, else from the best one once all
    are scored; neighbours are scored in a random order. At the top a new climb begins. Those asked for at
    once are neighbours of one architecture; with ``first`` the climb goes on from the best of them.

    Deviation: architectures that were scored before are not scored again, yet are looked at: a climb goes on
    from the best neighbour, whichever climb scored it. Where one has more than 1000 neighbours, the first
    1000 that `Space.neighbours` lists are all.

    Args:
        starts: random architectures before a climb.
        first: whether the first better neighbour is taken.

    Raises:
        BadValue: no start.
    """

    starts: int = 10
    first: bool = True

    def __post_init__(self) -> None:
        if self.starts < 1:
            raise BadValue(expected="starts >= 1", got=f"{self.starts}", do="begin with at least one")

    def ask(self, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int) -> list[Arch]:
        """See `gapless.explore.contract.Explorer.ask`."""
        check_count(n)
        values = {r.arch: worth(r, "accuracy") for r in reversed(history) if r.arch in space}
        at, starts = self._at(dict(reversed(values.items())), space)
        if at is None:
            return filled(min(n, starts), lambda *_: None, history, space, rng)
        near = [arch for arch in neighbours(space, at) if arch not in values]
        order = rng.permutation(len(near)).tolist()
        return filled(min(n, len(near)), lambda place, seen: near[order[place]], history, space, rng)

    def _at(self, values: Mapping[Arch, float], space: Space) -> tuple[Arch | None, int]:
        """Where the climb is; or None, and how many starts are not scored yet."""
        scored: dict[Arch, float] = {}
        at, starts = None, list[Arch]()
        for arch, value in values.items():
            scored[arch] = value
            if at is not None:
                at = arch if self.first and value > scored[at] else at
            else:
                starts.append(arch)
                at = max(starts, key=scored.__getitem__) if len(starts) == self.starts else None
            if at is not None:
                at = self._climbed(at, scored, space)
                starts = [] if at is None else starts
        return at, self.starts - len(starts)

    def _climbed(self, at: Arch, scored: Mapping[Arch, float], space: Space) -> Arch | None:
        """Where the climb goes on; None at the top."""
        while True:
            near = neighbours(space, at)
            known = [arch for arch in near if arch in scored]
            if len(known) < len(near) and not self.first:
                return at
            best = max(known, key=scored.__getitem__, default=at)
            if scored[best] <= scored[at]:
                return at if len(known) < len(near) else None
            at = best


@lru_cache(maxsize=128)
def neighbours(space: Space, arch: Arch) -> tuple[Arch, ...]:
    """The first 1000 of `Space.neighbours`."""
    return tuple(islice(space.neighbours(arch), MOST))
