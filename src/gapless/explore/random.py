"""Random search: uniform, without replacement."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass

import numpy as np

from gapless.core import Arch, Space
from gapless.core.record import Record
from gapless.explore.contract import Allowed, check_count

DRAWS, LISTED = 1000, 4096


@dataclass(frozen=True)
class Random:
    """Every architecture that was not scored yet is equally likely (Li & Talwalkar 2019, the baseline)."""

    def ask(self, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int) -> list[Arch]:
        """See `gapless.explore.contract.Explorer.ask`."""
        check_count(n)
        return filled(n, lambda place, seen: None, history, space, rng)


def filled(
    count: int, propose: Callable[[int, Set[Arch]], Arch | None], history: Sequence[Record], space: Space,
    rng: np.random.Generator,
) -> list[Arch]:  # fmt: skip
    """``count`` distinct architectures that the history does not hold; fewer where the space is used up.

    Args:
        propose: for a place, from 0, and what was seen: something else, or None for `unseen`.
    """
    seen, found = {record.arch for record in history}, list[Arch]()
    for place in range(count):
        arch = propose(place, seen)
        arch = unseen(space, seen, rng) if arch is None else arch
        if arch is None:
            break
        seen.add(arch)
        found.append(arch)
    return found


def unseen(space: Space, seen: Set[Arch], rng: np.random.Generator) -> Arch | None:
    """An architecture drawn uniformly from those not in ``seen``; None where there are none.

    By rejection while at least half the space is left, else from a list of what is left, which is no
    longer than ``seen``. A list of thousands takes long: before it, an eighth as many draws are tried.
    """
    if space.size() > 2 * len(seen):
        while True:
            arch = space.sample(rng)
            if arch not in seen:
                return arch
    for _ in range(space.size() // 8 if space.size() > LISTED else 0):
        arch = space.sample(rng)
        if arch not in seen:
            return arch
    left = [arch for arch in space if arch not in seen]
    return left[int(rng.integers(len(left)))] if left else None


def permitted(
    space: Space, seen: Set[Arch], allowed: Allowed, rng: np.random.Generator, draws: int = DRAWS
) -> Iterator[Arch]:
    """Those of so many draws of `unseen`, none of them twice, that are allowed."""
    looked = set(seen)
    for _ in range(draws):
        arch = unseen(space, looked, rng)
        if arch is None:
            return
        looked.add(arch)
        if allowed(arch):
            yield arch
