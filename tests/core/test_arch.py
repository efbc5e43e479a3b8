"""Architectures as values: equality, keys, JSON, damage."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapless.core import Arch, Space
from gapless.core.errors import BadValue, UnknownName

from .strategies import EXAMPLES, spaces_with_archs

FLAT = {"layer1": "k3e3", "layer2": "skip"}
NESTED = {"node2": {"1": {"op": "sep_conv_3x3"}, "0": {"op": "skip_connect"}}, "depth": "4"}
GOLDEN = {"ee9bfa7e880d87f8": FLAT, "7b2bf09f24805f1a": NESTED}


def in_fresh_processes(code: str, seeds: tuple[str, ...] = ("0", "1", "4242")) -> list[str]:
    """What the code prints under several hash seeds, each in a process of its own, run side by side."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}\n{code}"],
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1"},
        )
        for seed in seeds
    ]
    printed = [process.communicate(timeout=60)[0].strip() for process in started]
    assert [process.returncode for process in started] == [0] * len(seeds)
    return printed


def test_keys_never_change() -> None:
    assert {Arch.of(picks).key: picks for picks in GOLDEN.values()} == GOLDEN


def test_keys_are_the_same_in_other_processes() -> None:
    code = f"from gapless.core import Arch\nprint(*(Arch.of(p).key for p in {list(GOLDEN.values())!r}))"
    assert in_fresh_processes(code) == [" ".join(GOLDEN)] * 3


@EXAMPLES
@given(spaces_with_archs(2))
def test_architectures_are_values(drawn: tuple[Space, Arch, Arch]) -> None:
    _, a, b = drawn
    assert (a == b) == (a.key == b.key) == (a.plain() == b.plain())
    assert (a < b) + (b < a) + (a == b) == 1
    for other in (copy.copy(a), copy.deepcopy(a), pickle.loads(pickle.dumps(a)), Arch.of(a.plain())):
        assert other == a
        assert hash(other) == hash(a)
        assert other.key == a.key
    assert Arch.from_json(json.loads(json.dumps(a.to_json()))) == a


def test_a_pickle_holds_no_more_than_the_picks() -> None:
    arch = Arch.of(NESTED)
    fresh = pickle.dumps(arch)
    assert arch.key
    assert arch["depth"]
    assert pickle.dumps(arch) == fresh


def test_the_order_of_writing_makes_no_difference() -> None:
    x, y = ("x", Arch()), ("y", Arch())
    one, other = Arch((("a", (x, y)), ("b", (x,)))), Arch((("b", (x,)), ("a", (y, x))))
    assert one == other
    assert hash(one) == hash(other)
    assert one.key == other.key
    assert str(one) == str(other) == "a: x + y, b: x"


def test_architectures_sort_by_names() -> None:
    archs = [Arch.of({"a": option, "b": other}) for option in "zyx" for other in "qp"]
    assert sorted(archs) == archs[::-1]


def test_picks_are_looked_up() -> None:
    arch = Arch.of(NESTED)
    assert list(arch) == ["depth", "node2"]
    assert "depth" in arch
    assert arch.option("depth") == "4"
    assert list(arch["node2"]) == ["0", "1"]
    assert arch["node2"]["1"].option("op") == "sep_conv_3x3"
    assert set(arch.picked_at(("node2", "1", "op"))) == {"sep_conv_3x3"}
    assert arch.picked_at(("node2", "7", "op")) == {}
    assert str(arch) == "depth: 4, node2: 0(op: skip_connect) + 1(op: sep_conv_3x3)"
    with pytest.raises(BadValue, match="one option picked at choice 'node2'; got 0, 1"):
        arch.option("node2")
    with pytest.raises(UnknownName, match="did you mean 'node2'"):
        arch["node3"]


def test_ways_to_write_the_same_picks() -> None:
    written = [{"a": ["x", "y"]}, {"a": ("y", "x")}, {"a": {"x": {}, "y": None}}]
    assert len({Arch.of(picks) for picks in written}) == 1


def nested(levels: int) -> dict[str, Any]:
    picks: dict[str, Any] = {"c": "x"}
    for _ in range(levels):
        picks = {"c": {"x": picks}}
    return picks


DAMAGED: list[Any] = [
    None, 3, "abc", [], ["a"], {"a": 1}, {"a": None}, {"a": True}, {"a": []}, {"a": {}}, {"a": [1]},
    {"a": ["x", "x"]}, {"a": [["x"]]}, {"a": {"x": 0}}, {"a": {"x": False}}, {"a": {"x": []}},
    {"a": {"x": ""}},
    {"a": {"x": "y"}}, {"a": {"x": {"b": 2}}}, {1: "x"}, {"a": {1: {}}}, {"a": "x", 2: "y"},
    {"a": {"x": {}, 3: {}}},
    {"a": float("nan")}, nested(100), nested(5000),
]  # fmt: skip


@pytest.mark.parametrize("picks", DAMAGED, ids=range(len(DAMAGED)))
def test_damaged_picks_are_refused_in_one_short_line(picks: Any) -> None:
    file = {"format": "gapless.arch", "version": 1, "picks": picks}
    for read in (lambda: Arch.from_json(file), lambda: Arch.of(picks)):
        with pytest.raises(BadValue) as caught:
            read()
        assert len(str(caught.value)) < 300
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "got a NoneType without"),
        ([1], "got a list without"),
        ({}, "got a dict without"),
        ({"format": "gapless.record", "version": 1, "picks": {}}, "got a dict without"),
        ({"format": "gapless.arch", "picks": {}}, "version 1; got version None"),
        ({"format": "gapless.arch", "version": 2, "picks": {}}, "version 1; got version 2"),
        ({"format": "gapless.arch", "version": True, "picks": {}}, "got version True"),
        ({"format": "gapless.arch", "version": 1}, "got only format, version"),
    ],
)
def test_other_files_are_refused(value: Any, message: str) -> None:
    with pytest.raises(BadValue, match=message):
        Arch.from_json(value)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=12,
)


@EXAMPLES
@given(ANYTHING)
def test_any_value_is_an_architecture_or_refused(picks: Any) -> None:
    file = {"format": "gapless.arch", "version": 1, "picks": picks}
    try:
        arch = Arch.from_json(file)
    except BadValue:
        return
    assert Arch.from_json(arch.to_json()) == arch
    assert len(arch.key) == 16


def test_names_given_twice_are_refused() -> None:
    x = ("x", Arch())
    for picks in ((("a", (x,)), ("a", (x,))), (("a", (x, x)),)):
        with pytest.raises(BadValue, match="each name once"):
            Arch(picks)
