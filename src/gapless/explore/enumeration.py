"""Enumeration: every architecture of the space, by its number or in a fixed shuffled order."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gapless.core import Arch, Space, Streams
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.explore.contract import Allowed, anything, check_count
from gapless.explore.replay import Replay

ORDERS = ("number", "shuffled")
ROUNDS = 4
LOOKED = 1000
"""Places in a row that are looked at where nothing is allowed."""
_REPLAY: Replay[tuple[int, int, frozenset[Arch]]] = Replay()


@dataclass(frozen=True)
class Enumeration:
    """Architectures one after the other, those scored before left out; it draws nothing.

    Shuffled, place k has the architecture of number p(k), where p is a permutation of the numbers below the
    size: a balanced Feistel network of 4 rounds over the least even number of bits that holds them all,
    applied again to what is not below the size (cycle walking). So a table of any part of a large space can
    be made by anyone, on any machine, with no list.

    Args:
        order: ``number``, that of `Space.at`, or ``shuffled``.
        seed: which permutation; nothing where the order is by number.

    Raises:
        BadValue: another order, or a seed that is not a whole number >= 0.
    """

    order: str = "number"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.order not in ORDERS:
            raise BadValue(
                expected=f"an order out of {', '.join(ORDERS)}",
                got=f"'{self.order}'",
                do="choose one of them",
            )
        Streams(self.seed)

    def ask(self, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int) -> list[Arch]:
        """See `gapless.explore.contract.Explorer.ask`."""
        return self.select(history, space, rng, n, anything)

    def select(
        self, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int, allowed: Allowed
    ) -> list[Arch]:
        """See `gapless.explore.contract.Selective.select`."""
        check_count(n)
        scored = tuple((record.arch, 0.0) for record in history)
        done, place, ahead = _REPLAY.recall((self, space, allowed), scored) or (0, 0, frozenset())
        seen = set(ahead).union(arch for arch, _ in scored[done:])
        size = space.size()
        while place < size and (arch := space.at(self.number(place, size))) in seen:
            seen.remove(arch)
            place += 1
        _REPLAY.keep((self, space, allowed), scored, (len(scored), place, frozenset(seen)))
        found = list[Arch]()
        last = place
        while place < size and len(found) < n and place - last < LOOKED:
            arch = space.at(self.number(place, size))
            place += 1
            if arch in seen or allowed(arch):
                found += [] if arch in seen else [arch]
                last = place
        return found

    def number(self, place: int, size: int) -> int:
        """Which architecture has a place; both from 0 to size - 1."""
        if self.order == "number":
            return place
        half = max(1, ((size - 1).bit_length() + 1) // 2)
        number = _mixed(place, half, self.seed)
        while number >= size:
            number = _mixed(number, half, self.seed)
        return number


def _mixed(number: int, half: int, seed: int) -> int:
    """A permutation of the numbers of 2 * half bits."""
    left, right = number >> half, number & ((1 << half) - 1)
    for turn in range(ROUNDS):
        digest = hashlib.shake_256(f"{seed} {turn} {right}".encode()).digest((half + 7) // 8)
        left, right = right, left ^ (int.from_bytes(digest, "little") & ((1 << half) - 1))
    return left << half | right
