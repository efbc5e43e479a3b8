"""Group: choices stacked into one table, `rows x options`, that a relaxation gives values to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from gapless.core.space import Choice, Path, Space


@dataclass(frozen=True)
class Group:
    """Leaf choices, and those others that are ``gated``, stacked into one table.

    Args:
        name: the group's name.
        rows: path of each of them: choice, option, choice, option, ..., choice.
        options: names of the columns.
        mask: `rows x options`, True where that row has that option.
        pickable: `rows x options`, True where an architecture may have it.
        enters: for each row the node that it enters: `Choice.node`, else the choice that it lies in.
    """

    name: str
    rows: tuple[Path, ...]
    options: tuple[str, ...]
    mask: NDArray[np.bool_] = field(compare=False)
    pickable: NDArray[np.bool_] = field(compare=False)
    enters: tuple[Path, ...]


def grouped(space: Space) -> tuple[Group, ...]:
    """The tables of all leaf choices and gated ones, in the order of their first row."""
    members: dict[str, list[tuple[Path, Choice]]] = {}
    for path, choice in _leaves(space, ()):
        members.setdefault(choice.group or choice.name, []).append((path, choice))
    return tuple(_table(name, rows) for name, rows in members.items())


def _table(name: str, rows: list[tuple[Path, Choice]]) -> Group:
    options = _merged([(*c.relaxed_only, *c.options) for _, c in rows])
    has = [[o in c.options or o in c.relaxed_only for o in options] for _, c in rows]
    may = [[o in c.options for o in options] for _, c in rows]
    enters = tuple(_entered(path, c) for path, c in rows)
    return Group(name, tuple(path for path, _ in rows), options, np.array(has), np.array(may), enters)


def _entered(path: Path, choice: Choice) -> Path:
    if choice.node:
        return (*path[:-1], choice.node)
    return path[:-2] or path


def nodes(group: Group) -> NDArray[np.int64]:
    """For each row the number of the node that it enters, from 0 in the order of the rows."""
    numbers = {node: i for i, node in enumerate(dict.fromkeys(group.enters))}
    return np.array([numbers[node] for node in group.enters], dtype=np.int64)


def _merged(lists: list[tuple[str, ...]]) -> tuple[str, ...]:
    longest = max(lists, key=len)
    extra = dict.fromkeys(o for names in lists for o in names if o not in longest)
    return (*longest, *extra)


def _leaves(space: Space, prefix: Path) -> Iterator[tuple[Path, Choice]]:
    for choice in space.choices:
        path = (*prefix, choice.name)
        if choice.leaf or choice.gated:
            yield path, choice
        for option in choice.options:
            yield from _leaves(choice.inside(option), (*path, option))
