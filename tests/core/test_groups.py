"""Groups: the tables of leaf choices, and which entries an architecture has."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given

from gapless.core import Arch, Choice, Path, Space
from gapless.core.errors import BadValue
from gapless.core.groups import nodes
from gapless.spaces.chain import Chain
from gapless.spaces.darts import Darts
from gapless.spaces.nb201 import Nb201

from .strategies import EXAMPLES, spaces, spaces_with_archs


def leaves(space: Space, prefix: Path = ()) -> Iterator[tuple[Path, Choice]]:
    for choice in space.choices:
        inners = {o: s for o, s in choice.options.items() if s is not None and s.choices}
        if not inners:
            yield (*prefix, choice.name), choice
        for option, inner in inners.items():
            yield from leaves(inner, (*prefix, choice.name, option))


@EXAMPLES
@given(spaces())
def test_every_leaf_choice_is_one_row_of_one_group(space: Space) -> None:
    expected = dict(leaves(space))
    groups = space.groups()
    rows = [path for group in groups for path in group.rows]
    assert sorted(rows) == sorted(expected)
    assert len({group.name for group in groups}) == len(groups)
    for group in groups:
        assert len(set(group.options)) == len(group.options)
        assert group.mask.shape == group.pickable.shape == (len(group.rows), len(group.options))
        for row, path in enumerate(group.rows):
            choice = expected[path]
            assert group.name == (choice.group or choice.name)
            assert {o for o, has in zip(group.options, group.mask[row], strict=True) if has} == {
                *choice.options, *choice.relaxed_only,
            }  # fmt: skip
            assert {o for o, may in zip(group.options, group.pickable[row], strict=True) if may} == {
                *choice.options
            }


@EXAMPLES
@given(spaces_with_archs(1))
def test_active_says_what_the_architecture_picked(drawn: tuple[Space, Arch]) -> None:
    space, arch = drawn
    active = space.active(arch)
    assert set(active) == {group.name for group in space.groups()}
    for group in space.groups():
        table = active[group.name]
        assert table.dtype == np.bool_
        assert table.shape == group.mask.shape
        assert not (table & ~group.pickable).any()
        for row, path in enumerate(group.rows):
            picked = {o for o, on in zip(group.options, table[row], strict=True) if on}
            assert picked == _picked(arch.plain(), path)


def _picked(picks, path: Path) -> set[str]:
    for choice, option in zip(path[:-1:2], path[1::2], strict=True):
        picks = picks[choice].get(option)
        if picks is None:
            return set()
    return set(picks[path[-1]])


def test_columns_follow_the_longest_row_with_relaxed_only_first() -> None:
    space = Space(
        (
            Choice("a", {"x": None, "y": None}, group="op"),
            Choice("b", {"y": None, "z": None}, group="op", relaxed_only=("none",)),
            Choice("c", {"q": None}),
        )
    )
    op, c = space.groups()
    assert (op.name, op.rows, op.options) == ("op", (("a",), ("b",)), ("none", "y", "z", "x"))
    assert op.mask.tolist() == [[False, True, False, True], [True, True, True, False]]
    assert op.pickable.tolist() == [[False, True, False, True], [False, True, True, False]]
    assert (c.name, c.rows, c.options) == ("c", (("c",),), ("q",))
    active = space.active(Arch.of({"a": "x", "b": "y", "c": "q"}))
    assert active["op"].tolist() == [[False, False, False, True], [False, True, False, False]]


def by_name(space: Space) -> dict[str, list[int]]:
    return {group.name: nodes(group).tolist() for group in space.groups()}


def test_edges_enter_the_node_that_picks_them_or_that_they_name() -> None:
    cell = [0] * 2 + [1] * 3 + [2] * 4 + [3] * 5
    assert by_name(Darts().choices) == {"normal": cell, "reduce": cell}
    assert by_name(Nb201().choices) == {"edges": [0, 1, 1, 2, 2, 2]}
    assert by_name(Chain().choices) == {"layers": list(range(8))}


def test_a_node_is_named_where_its_choices_lie() -> None:
    """The same name inside two options is two nodes; on the top level a choice is its own."""

    def inner() -> Space:
        return Space(tuple(Choice(name, {"x": None, "y": None}, group="g", node="n") for name in "ab"))

    space = Space((Choice("first", {"l": inner(), "r": inner()}), Choice("c", {"x": None}, group="g")))
    assert by_name(space) == {"g": [0, 0, 1, 1, 2]}
    smaller = space.restrict(lambda path, option: option != "l")
    assert by_name(smaller) == {"g": [0, 0, 1]}


def test_a_node_is_a_name() -> None:
    with pytest.raises(BadValue, match="the name of a node"):
        Choice("a", {"x": None}, node=3)  # type: ignore[arg-type]


def test_a_gated_choice_is_a_row_beside_those_inside_it() -> None:
    inner = Space((Choice("in", {"x": None, "y": None}, group="g"),))
    space = Space((Choice("out", {"l": inner, "r": None}, group="g", gated=True),))
    (group,) = space.groups()
    assert group.rows == (("out",), ("out", "l", "in"))
    assert group.options == ("l", "r", "x", "y")
    assert group.mask.tolist() == [[True, True, False, False], [False, False, True, True]]
    picked = {o: space.active(Arch.of({"out": o}))["g"].tolist() for o in ("r",)}
    assert picked["r"] == [[False, True, False, False], [False] * 4]
    both = space.active(Arch.of({"out": {"l": {"in": "y"}}}))["g"]
    assert both.tolist() == [[True, False, False, False], [False, False, False, True]]
    assert space.restrict(lambda path, option: option != "l").groups()[0].rows == (("out",),)
