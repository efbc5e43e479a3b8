"""What an explorer is: a pure function from what was scored to what to score next.

The life of a search::

    history: list[Record] = []
    while len(history) < trials:
        rng = streams.generator("explore", len(history))
        archs = explorer.ask(history, space, rng, n=trials - len(history))
        if not archs:
            break                                       # every architecture of the space was scored
        history += [score(arch) for arch in archs]      # in the order asked, all of them

An explorer holds settings and no state. Populations and generations are read off the history, a
generation being that many consecutive records, so a resumed search is the same loop started with the
records that were stored. It proposes what the uninterrupted one would have proposed if it starts where
a call to ``ask`` ended: store the records of one call together, or ask for one at a time.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from gapless.core import Arch, Space
from gapless.core.errors import BadValue
from gapless.core.record import Record

WORST = -sys.float_info.max
Allowed = Callable[[Arch], bool]


class Explorer(Protocol):
    """A frozen dataclass; see `gapless.testing.explorers` for what holds of every one."""

    def ask(self, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int) -> list[Arch]:
        """The architectures to score next.

        Args:
            history: every record so far, in the order asked; not changed.
            space: what may be proposed. Records of architectures outside it are never parents.
            rng: a fresh generator that depends on the length of the history and nothing else that
                changes during the search.
            n: at most this many.

        Returns:
            Between 1 and n distinct architectures of the space, none of them in the history; fewer than
            n before a new generation. None at all where the history holds the whole space.

        Raises:
            BadValue: n below 1, or a record that lacks what the explorer looks at.
        """
        ...


@runtime_checkable
class Selective(Protocol):
    """An explorer that proposes the same again until it is scored: it has to know what never will be."""

    def select(
        self, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int, allowed: Allowed
    ) -> list[Arch]:
        """What `Explorer.ask` gives, of what is allowed; none also where it finds nothing that is."""
        ...


def anything(arch: Arch) -> bool:
    """Whether an architecture may be scored where there are no limits."""
    return True


def asked(
    explorer: Explorer, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int,
    allowed: Allowed,
) -> list[Arch]:  # fmt: skip
    """What an explorer proposes, which is told what is allowed if it has to know."""
    if isinstance(explorer, Selective):
        return explorer.select(history, space, rng, n, allowed)
    return explorer.ask(history, space, rng, n)


def worth(record: Record, objective: str) -> float:
    """The value of an objective, higher is better: a metric as it is, a cost negated.

    What is not finite, such as the accuracy of a diverged training, is worth less than any number.

    Raises:
        BadValue: the record has neither a metric nor a cost of that name.
    """
    if objective in record.metrics:
        value = record.metrics[objective]
    elif objective in record.cost:
        value = -record.cost[objective]
    else:
        raise BadValue(
            expected=f"records with '{objective}'",
            got=f"one with {', '.join((*record.metrics, *record.cost)) or 'no numbers'}",
            do="measure it, or choose other objectives",
        )
    return value if math.isfinite(value) else WORST


def check_count(n: int) -> None:
    """Raises:
    BadValue: fewer than one architecture is asked for.
    """
    if n < 1:
        raise BadValue(expected="a number of architectures >= 1", got=str(n), do="ask for at least one")
