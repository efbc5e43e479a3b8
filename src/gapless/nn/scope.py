"""Scope: which row of which gate a decision looks at, while its network computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Protocol

from gapless.core import Path
from gapless.nets.gate import Gate, Mix


class Row(Protocol):
    """Where a choice finds its gate values, and which options it has."""

    @property
    def group(self) -> str: ...
    @property
    def row(self) -> int: ...
    @property
    def columns(self) -> Mapping[str, int]: ...
    @property
    def options(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Scope:
    """What a network tells the decisions in it.

    Args:
        table: the row of each choice, by its path.
        mix: gate values; None stands for ones.
        inside: choice, option, choice, option, ... that the computation is within.
        watched: whether every option is computed by itself, for who counts what it does.
        trial: called instead of computing, with a decision and its inputs, to try all that it can be.
    """

    table: Mapping[Path, Row]
    mix: Mix | None = None
    inside: Path = ()
    watched: bool = False
    trial: Callable[[Any, Sequence[Any], Mapping[str, Any]], Any] | None = None

    def row(self, name: str) -> Row:
        return self.table[(*self.inside, name)]

    def gate(self, row: Row) -> Gate:
        return Gate() if self.mix is None else self.mix[row.group]


SCOPE: ContextVar[Scope | None] = ContextVar("scope", default=None)


@contextmanager
def within(scope: Scope) -> Iterator[None]:
    """Within, decisions follow this scope."""
    token = SCOPE.set(scope)
    try:
        yield
    finally:
        SCOPE.reset(token)


@contextmanager
def option(scope: Scope, name: str, picked: str) -> Iterator[None]:
    """Within, the computation is inside an option of a choice."""
    with within(replace(scope, inside=(*scope.inside, name, picked))):
        yield
