"""Any explorer within limits: what costs too much is never proposed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gapless.core import Arch, Space, Streams
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.explore.contract import Allowed, Explorer, asked, check_count
from gapless.explore.random import Random, permitted


def drawn(allowed: Allowed, space: Space, streams: Streams) -> Arch:
    """Some architecture that is allowed, the same one whenever it is asked for with the same streams.

    Raises:
        BadValue: not one of many random architectures is.
    """
    limited = Limited(Random(), allowed, tries=0)
    return limited.ask((), space, streams.generator("limits"), 1)[0]


@dataclass(frozen=True)
class Limited:
    """Asks an explorer again, with other random numbers, for each architecture that is not allowed.

    One that would propose the same again is told what is allowed, see `gapless.explore.contract.Selective`.
    What is still missing after ``tries`` calls is drawn uniformly from what is allowed (Guo et al. 2019,
    section 3.4: constraints are enforced while children are bred, and never by a penalty). Records hold
    allowed architectures only, so generations are as large as without limits.

    Args:
        explorer: who proposes.
        allowed: whether an architecture may be scored.
        tries: calls of the explorer.
        draws: random architectures that are looked at before it is said that none is allowed.
    """

    explorer: Explorer
    allowed: Allowed
    tries: int = 10
    draws: int = 1000

    @property
    def objectives(self) -> tuple[str, ...]:
        """Those of the explorer."""
        return tuple(getattr(self.explorer, "objectives", ("accuracy",)))

    def ask(self, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int) -> list[Arch]:
        """See `gapless.explore.contract.Explorer.ask`.

        Raises:
            BadValue: not one of many random architectures is allowed.
        """
        check_count(n)
        found: dict[Arch, None] = {}
        for _ in range(self.tries):
            proposed = asked(self.explorer, history, space, rng, n, self.allowed)
            if not proposed:
                break
            n = min(n, len(proposed))  # a generation may end here
            found |= dict.fromkeys(arch for arch in proposed if self.allowed(arch))
            if len(found) >= n:
                return list(found)[:n]
        seen = {record.arch for record in history} | set(found)
        for arch in permitted(space, seen, self.allowed, rng, self.draws):
            found[arch] = None
            if len(found) == n:
                return list(found)
        if not found and not history:
            raise BadValue(
                expected="limits that some architecture keeps",
                got=f"none among {self.draws:,} drawn at random",
                do="raise --max",
            )
        return list(found)
