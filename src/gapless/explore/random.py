"""Random search: uniform, without replacement."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np

from gapless.core import Arch, Space
from gapless.core.record import Record
from gapless.explore.contract import check_count


@dataclass(frozen=True)
class Random:
    """Every architecture that was not scored yet is equally likely (Li & Talwalkar 2019, the baseline)."""

    def ask(self, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int) -> list[Arch]:
        """See `gapless.explore.contract.Explorer.ask`."""
        check_count(n)
        seen, found = {record.arch for record in history}, list[Arch]()
        while len(found) < n and (arch := unseen(space, seen, rng)) is not None:
            seen.add(arch)
            found.append(arch)
        return found


def unseen(space: Space, seen: Set[Arch], rng: np.random.Generator) -> Arch | None:
    """An architecture drawn uniformly from those not in ``seen``; None where there are none.

    By rejection while at least half the space is left, else from a list of what is left, which is no
    longer than ``seen``.
    """
    if space.size() > 2 * len(seen):
        while True:
            arch = space.sample(rng)
            if arch not in seen:
                return arch
    left = [arch for arch in space if arch not in seen]
    return left[int(rng.integers(len(left)))] if left else None
