"""Neighbours of an architecture: all of them, or distinct random ones."""

from __future__ import annotations

import gapless.spaces
from gapless.core import Streams
from gapless.measure.candidates import around


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
