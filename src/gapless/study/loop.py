"""An exploration without a folder: architectures are proposed and scored until there are enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gapless.core import Arch, Space, Streams
from gapless.core.record import Record
from gapless.explore.contract import Explorer

Score = Callable[[Sequence[Arch]], Sequence[Record]]


def proposed(
    explorer: Explorer, space: Space, streams: Streams, history: Sequence[Record], n: int
) -> list[Arch]:
    """At most ``n`` architectures to score next; none where all were scored."""
    return explorer.ask(history, space, streams.generator("explore", len(history)), n)


def explored(
    explorer: Explorer, space: Space, score: Score, trials: int, streams: Streams, together: int = 1
) -> list[Record]:
    """Records of ``trials`` architectures, or of all where there are fewer.

    Args:
        score: records of architectures, in the order given.
        together: how many are asked for at once at most.

    Raises:
        BadValue: what the explorer or the score refuses.
    """
    history: list[Record] = []
    while len(history) < trials:
        archs = proposed(explorer, space, streams, history, min(together, trials - len(history)))
        if not archs:
            break
        history += score(archs)
    return history
