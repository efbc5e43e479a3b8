"""Named random streams: every random number is a function of (seed, name, index).

Nothing is advanced, so nothing has to be saved: a resumed run asks for the same ``(name, index)``
and gets the same numbers, and a new stream shifts no other.
"""

from __future__ import annotations

import hashlib
import json
import operator
from dataclasses import dataclass

import numpy as np

from gapless.core.errors import BadValue


@dataclass(frozen=True)
class Streams:
    """All random numbers of one run.

    Args:
        seed: a whole number >= 0.

    Raises:
        BadValue: the seed is negative or not a whole number.
    """

    seed: int

    def __post_init__(self) -> None:
        if not isinstance(self.seed, int) or isinstance(self.seed, bool) or self.seed < 0:
            raise BadValue(
                expected="a seed that is a whole number >= 0", got=f"{self.seed!r}", do="use 0, 1, 2, ..."
            )

    def _sequence(self, name: str, index: tuple[int, ...]) -> np.random.SeedSequence:
        """Everything goes into one digest: spawn keys alone would make (2**32,) and (0, 1) one stream."""
        try:
            text = json.dumps([self.seed, str(name), *map(operator.index, index)])
        except TypeError as error:
            raise BadValue(
                expected=f"whole numbers as the index of stream '{name}'",
                got=", ".join(map(repr, index)),
                do="use step, epoch, row, ...",
            ) from error
        return np.random.SeedSequence(int.from_bytes(hashlib.sha256(text.encode()).digest(), "little"))

    def generator(self, name: str, *index: int) -> np.random.Generator:
        """A fresh NumPy generator, the same at every call with the same arguments.

        Raises:
            BadValue: an index that is not a whole number.
        """
        return np.random.Generator(np.random.Philox(self._sequence(name, index)))

    def integer(self, name: str, *index: int) -> int:
        """A whole number in [0, 2**63), e.g. to seed a ``torch.Generator``.

        Raises:
            BadValue: an index that is not a whole number.
        """
        return int(self._sequence(name, index).generate_state(1, np.uint64)[0] >> np.uint64(1))

    def child(self, name: str, *index: int) -> Streams:
        """Streams of their own for a part of the run, e.g. one of several trainings."""
        return Streams(self.integer(name, *index))


def below(bound: int, rng: np.random.Generator) -> int:
    """A uniform whole number below a bound of any size, by rejection."""
    bits = (bound - 1).bit_length()
    while True:
        number = int.from_bytes(rng.bytes((bits + 7) // 8), "little") & ((1 << bits) - 1)
        if number < bound:
            return number
