"""Graphs: architectures as nodes that are operations, with links along which data flow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gapless.core import Arch, Path, Space
from gapless.evaluate.predictor.contract import Values

Drawing = Callable[[Arch], Sequence[Any]]
Links = list[tuple[int, int]]
KINDS = ("node", "input", "output")


def drawn(space: Space, archs: Sequence[Arch], drawing: Drawing) -> Values:
    """Graphs of what `SearchSpace.drawing` draws: its nodes, and its edges as nodes between them.

    A node is marked by its kind or its operation, and by its panel.

    Returns:
        `n x v x (v + f)`: links from row to column, `v x v`, and marks, `v x f`; zeros after the last node.
    """
    words = {word: i for i, word in enumerate(dict.fromkeys([*KINDS, *_words(space)]))}
    pictures = [drawing(arch) for arch in archs]
    panels = max((len(picture) for picture in pictures), default=1)
    graphs = []
    for picture in pictures:
        links: Links = []
        marks: list[tuple[int, ...]] = []
        for number, panel in enumerate(picture):
            place = {node["id"]: len(marks) + i for i, node in enumerate(panel["nodes"])}
            marks += [(words[node["kind"]], len(words) + number) for node in panel["nodes"]]
            for edge in panel["edges"]:
                links += [(place[edge["from"]], len(marks)), (len(marks), place[edge["to"]])]
                marks.append((words.get(edge["label"], words["node"]), len(words) + number))
        graphs.append((links, marks))
    return packed(graphs, len(words) + panels)


def nested(space: Space, archs: Sequence[Arch]) -> Values:
    """Graphs of picks: a node for each picked option, marked as in `Space.encode`.

    An option is linked to those inside it, and the options of a choice to those of the choice after it.

    Returns:
        `n x v x (v + f)`, as `drawn`.
    """
    numbers = {path: i for i, path in enumerate(_paths(space, ()))}
    graphs = []
    for arch in archs:
        picked = [path for path in numbers if path[-1] in arch.picked_at(path[:-1])]
        place = {path: i for i, path in enumerate(picked)}
        links = [(place[path[:-2]], i) for path, i in place.items() if len(path) > 2]
        links += [(a, b) for p, a in place.items() for q, b in place.items() if _follows(space, p, q)]
        graphs.append((links, [(numbers[path],) for path in picked]))
    return packed(graphs, len(numbers))


def packed(graphs: Sequence[tuple[Links, Sequence[tuple[int, ...]]]], marks: int) -> Values:
    """Graphs as links and the marks of each node: `n x v x (v + marks)`."""
    v = max((len(marked) for _, marked in graphs), default=0) or 1
    found = np.zeros((len(graphs), v, v + marks))
    for x, (links, marked) in zip(found, graphs, strict=True):
        for a, b in links:
            x[a, b] = 1.0
        for node, own in enumerate(marked):
            for mark in own:
                x[node, v + mark] = 1.0
    return found


def _paths(space: Space, prefix: Path) -> Iterator[Path]:
    for choice in space.choices:
        for option in choice.options:
            path = (*prefix, choice.name, option)
            yield path
            yield from _paths(choice.inside(option), path)


def _follows(space: Space, one: Path, other: Path) -> bool:
    """Whether both lie in the same option, at a choice and at the next."""
    if len(one) != len(other) or one[:-2] != other[:-2]:
        return False
    inside = space.choice(one[:-2][:-1]).inside(one[-3]) if len(one) > 2 else space
    names = [choice.name for choice in inside.choices]
    return names.index(one[-2]) + 1 == names.index(other[-2])


def _words(space: Space) -> Iterator[str]:
    for path in _paths(space, ()):
        yield path[-1]
