"""Neighbours of an architecture: all of them, or distinct random ones."""

from __future__ import annotations

import gapless.spaces
from gapless.core import Arch, Streams
from gapless.measure.candidates import around, edit


def test_all_neighbours_where_they_are_few_enough() -> None:
    choices = gapless.spaces.get("nb201").choices
    arch = choices.at(77)
    every = set(choices.neighbours(arch))
    assert len(every) == 6 * 4
    found, whole = around(choices, arch, 24, Streams(0))
    assert (set(found), len(found), whole) == (every, 24, True)
    some, whole = around(choices, arch, 10, Streams(0))
    assert (len(set(some)), whole) == (10, False)
    assert set(some) < every
    assert around(choices, arch, 10, Streams(0))[0] == some
    assert around(choices, arch, 10, Streams(1))[0] != some


def test_a_single_architecture_has_none() -> None:
    choices = gapless.spaces.get("nb201").choices
    arch = choices.at(3)
    assert around(choices.only(arch), arch, 5, Streams(0)) == ([], True)


def test_an_edit_names_what_went_along() -> None:
    one = Arch.of({"node": {"0": {"op": "skip"}, "1": {"op": "conv"}}, "layer": "a"})
    moved = Arch.of({"node": {"0": {"op": "skip"}, "2": {"op": "conv"}}, "layer": "a"})
    other = Arch.of({"node": {"0": {"op": "pool"}, "1": {"op": "conv"}}, "layer": "a"})
    flat = Arch.of({"node": {"0": {"op": "skip"}, "1": {"op": "conv"}}, "layer": "b"})
    assert [edit(one, to) for to in (moved, other, flat, one)] == [
        "1: conv to 2: conv", "skip to pool", "a to b", "nothing to nothing",
    ]  # fmt: skip
