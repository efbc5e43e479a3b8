"""Replay: what follows from a history, without starting from its beginning at every call to ``ask``.

What is kept here only saves time: a search that starts anew from stored records finds the same states.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar

import numpy as np

from gapless.core import Arch
from gapless.core.record import Record
from gapless.explore.contract import worth

State = TypeVar("State")
Scored = tuple[tuple[Arch, float], ...]


class Replay(Generic[State]):
    """States, which nobody may change, after the beginnings of some histories.

    Args:
        searches: of how many searches the latest state is kept.
    """

    def __init__(self, searches: int = 8) -> None:
        self.searches = searches
        self._kept: OrderedDict[Hashable, tuple[Scored, State]] = OrderedDict()

    def recall(self, settings: Hashable, scored: Scored) -> State | None:
        """The state kept for a search, if it followed from a beginning of this history."""
        done, state = self._kept.get((settings, scored[:1]), ((), None))
        return state if done == scored[: len(done)] else None

    def keep(self, settings: Hashable, scored: Scored, state: State) -> None:
        """The state that follows from the whole of what was scored."""
        self._kept[settings, scored[:1]] = scored, state
        self._kept.move_to_end((settings, scored[:1]))
        while len(self._kept) > self.searches:
            self._kept.popitem(last=False)


def scores(history: Sequence[Record]) -> Scored:
    """Architecture and accuracy of every record.

    Raises:
        BadValue: a record without an accuracy.
    """
    return tuple((record.arch, worth(record, "accuracy")) for record in history)


def root(archs: Sequence[Arch]) -> int:
    """A seed that depends on these architectures and nothing else, the same in every process."""
    text = " ".join(arch.key for arch in archs)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")


def stream(seed: int, index: int) -> np.random.Generator:
    """The generator of a place, a generation or a batch of a search with that `root`."""
    return np.random.default_rng([seed, index])
