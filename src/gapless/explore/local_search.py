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
from gapless.explore.contract import Allowed, anything, check_count
from gapless.explore.random import filled
from gapless.explore.replay import Replay, Scored, scores

MOST = 1000
_REPLAY: Replay[tuple[int, Arch | None, tuple[Arch, ...]]] = Replay()


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
        return self.select(history, space, rng, n, anything)

    def select(
        self, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int, allowed: Allowed
    ) -> list[Arch]:
        """See `gapless.explore.contract.Selective.select`."""
        check_count(n)
        scored = scores(history)
        at, starts = self._at(scored, space, allowed)
        if at is None:
            return filled(min(n, self.starts - len(starts)), lambda *_: None, history, space, rng)
        known = {arch for arch, _ in scored}
        near = [arch for arch in neighbours(space, at) if arch not in known]
        ordered = (near[i] for i in rng.permutation(len(near)).tolist())
        return list(islice(filter(allowed, ordered), n))

    def _at(
        self, scored: Scored, space: Space, allowed: Allowed = anything
    ) -> tuple[Arch | None, tuple[Arch, ...]]:
        """Where the climb is, None before it begins; and the starts of this climb scored so far."""
        done, at, starts = _REPLAY.recall((self, space, allowed), scored) or (0, None, ())
        values = {arch: value for arch, value in scored[:done] if arch in space}
        for arch, value in scored[done:]:
            if arch in values or arch not in space:
                continue
            values[arch] = value
            if at is None:
                starts = (*starts, arch)
                at = max(starts, key=values.__getitem__) if len(starts) == self.starts else None
            elif self.first and value > values[at]:
                at = arch
            if at is not None:
                at = self._climbed(at, values, space, allowed)
                starts = () if at is None else starts
        _REPLAY.keep((self, space, allowed), scored, (len(scored), at, starts))
        return at, starts

    def _climbed(self, at: Arch, values: Mapping[Arch, float], space: Space, allowed: Allowed) -> Arch | None:
        """Where the climb goes on; None at the top."""
        while True:
            near = neighbours(space, at)
            known = [arch for arch in near if arch in values]
            open_ = any(arch not in values and allowed(arch) for arch in near)
            if open_ and not self.first:
                return at
            best = max(known, key=values.__getitem__, default=at)
            if values[best] <= values[at]:
                return at if open_ else None
            at = best


@lru_cache(maxsize=128)
def neighbours(space: Space, arch: Arch) -> tuple[Arch, ...]:
    """The first 1000 of `Space.neighbours`."""
    return tuple(islice(space.neighbours(arch), MOST))
