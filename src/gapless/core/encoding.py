"""Encoding: an architecture as zeros and ones, of which every one of its space has equally many."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gapless.core.arch import Arch

if TYPE_CHECKING:
    from gapless.core.space import Space


def marks(space: Space, arch: Arch | None) -> Iterator[float]:
    """1 for each option of the whole tree that is picked, else 0; an option before what is inside it."""
    for choice in space.choices:
        picked = {} if arch is None else arch[choice.name]
        for option in choice.options:
            yield float(option in picked)
            yield from marks(choice.inside(option), picked.get(option))
