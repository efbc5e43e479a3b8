"""Moves: neighbours, mutation and crossover against the definition of an edit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from gapless.core import Arch, Choice, Space, moves
from gapless.core.errors import BadValue

from .strategies import EXAMPLES, generators, listed, one_edit, spaces, spaces_with_archs

SIZE = Space((Choice("size", {"s": None, "m": None, "l": None}),))
CONV = Space((Choice("op", {"conv": SIZE, "sep": SIZE, "skip": None}),))


@EXAMPLES
@given(spaces_with_archs(1))
def test_neighbours_are_exactly_what_one_edit_reaches(drawn: tuple[Space, Arch]) -> None:
    space, arch = drawn
    found = list(space.neighbours(arch))
    assert len(found) == len(set(found))
    assert arch not in found
    assert all(other in space for other in found)
    assert set(found) == {Arch.of(p) for p in listed(space) if one_edit(space, arch.plain(), p)}


@EXAMPLES
@given(spaces_with_archs(1))
def test_free_decisions_are_those_with_alternatives(drawn: tuple[Space, Arch]) -> None:
    space, arch = drawn
    every = list(moves.decisions(space, arch))
    assert list(moves.free(space, arch)) == [d for d in every if moves.alternatives(space, arch, *d)]


@EXAMPLES
@given(spaces(largest=40))
def test_neighbours_are_symmetric(space: Space) -> None:
    near = {arch: set(space.neighbours(arch)) for arch in space}
    assert all(arch in near[other] for arch in space for other in near[arch])


def test_the_inside_moves_along_only_where_it_is_the_same() -> None:
    arch = Arch.of({"op": {"conv": {"size": "m"}}})
    assert {str(other) for other in CONV.neighbours(arch)} == {
        "op: sep(size: m)", "op: skip", "op: conv(size: s)", "op: conv(size: l)",
    }  # fmt: skip
    assert {str(other) for other in CONV.neighbours(Arch.of({"op": "skip"}))} == {
        f"op: {op}(size: {size})" for op in ("conv", "sep") for size in "sml"
    }


@EXAMPLES
@given(spaces_with_archs(1), generators())
def test_mutation_is_a_neighbour_or_nothing_where_there_is_none(
    drawn: tuple[Space, Arch], rng: np.random.Generator
) -> None:
    space, arch = drawn
    near = set(space.neighbours(arch))
    for _ in range(5):
        assert space.mutate(arch, rng) in (near or {arch})


@EXAMPLES
@given(spaces_with_archs(1), generators())
def test_mutation_by_rate(drawn: tuple[Space, Arch], rng: np.random.Generator) -> None:
    space, arch = drawn
    assert space.mutate(arch, rng, rate=0) == arch
    assert space.mutate(arch, rng, rate=0.5) in space
    moved = space.mutate(arch, rng, rate=1.0)
    assert moved in space
    assert (moved == arch) == (not list(space.neighbours(arch)))


@pytest.mark.parametrize("picks", [{"op": {"conv": {"size": "m"}}}, {"op": "skip"}])
def test_mutation_reaches_every_neighbour(picks: dict[str, object]) -> None:
    arch, rng = Arch.of(picks), np.random.default_rng(0)
    assert {CONV.mutate(arch, rng) for _ in range(200)} == set(CONV.neighbours(arch))


def test_rate_one_edits_every_decision_also_inside_an_option_that_is_replaced() -> None:
    space = Space((Choice("op", {"conv": SIZE, "sep": SIZE}), Choice("width", {"8": None, "16": None})))
    arch, rng = Arch.of({"op": {"conv": {"size": "m"}}, "width": "8"}), np.random.default_rng(0)
    moved = {str(space.mutate(arch, rng, rate=1.0)) for _ in range(50)}
    assert moved == {"op: sep(size: s), width: 16", "op: sep(size: l), width: 16"}


def test_rate_is_the_share_of_decisions_that_are_edited() -> None:
    """10000 decisions at rate 0.2: five standard deviations are 0.02, missed with probability below 6e-7."""
    space = Space(tuple(Choice(f"c{i}", dict.fromkeys("abc")) for i in range(50)))
    rng, edited = np.random.default_rng(3), 0
    arch = space.sample(rng)
    for _ in range(200):
        moved = space.mutate(arch, rng, rate=0.2)
        edited += sum(arch[name] != moved[name] for name in arch)
    assert abs(edited / 10_000 - 0.2) < 0.02


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_a_rate_that_is_no_probability_is_refused(rate: float) -> None:
    with pytest.raises(BadValue, match="mutation rate from 0 to 1"):
        SIZE.mutate(SIZE.at(0), np.random.default_rng(0), rate)


@EXAMPLES
@given(spaces_with_archs(2), generators())
def test_crossover_takes_every_choice_from_a_parent(
    drawn: tuple[Space, Arch, Arch], rng: np.random.Generator
) -> None:
    space, a, b = drawn
    child = space.crossover(a, b, rng)
    assert child in space
    assert all(child[name] in (a[name], b[name]) for name in child)
    assert space.crossover(a, a, rng) == a


def test_crossover_reaches_every_mixture() -> None:
    space, rng = Space(tuple(Choice(name, dict.fromkeys("xy")) for name in "abc")), np.random.default_rng(0)
    children = {space.crossover(space.at(0), space.at(7), rng) for _ in range(200)}
    assert children == set(space)


def test_moves_leave_their_argument_alone_and_follow_the_generator() -> None:
    arch = CONV.at(0)
    before = arch.to_json()
    twice = [CONV.mutate(arch, np.random.default_rng(5), rate) for rate in (None, None, 0.7, 0.7)]
    assert twice[0] == twice[1]
    assert twice[2] == twice[3]
    assert arch.to_json() == before
