"""Choices that hold choices and have gates of their own: picked, drawn and priced by these."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gapless.core import Arch, Choice, Space
from gapless.parts.mask.gradual import _narrowed
from gapless.parts.mask.strongest import Strongest
from gapless.parts.sample.chance import draw, log_chance
from gapless.parts.sample.price import extreme

INNER = Space((Choice("in", {"x": None, "y": None, "z": None}, group="inner"),))
SPACE = Space((Choice("out", {"l": INNER, "r": None}, group="outer", gated=True),))
GATES = {"outer": np.array([[0.6, 0.4]]), "inner": np.array([[0.2, 0.5, 0.3]])}


def left(option):
    return Arch.of({"out": {"l": {"in": option}}})


def test_the_strongest_is_compared_by_its_own_gate():
    """By the product of gates it would be 'r': 0.6 * 0.5 < 0.4."""
    assert Strongest()(SPACE, GATES) == left("y")
    assert Strongest()(SPACE, {**GATES, "outer": np.array([[0.4, 0.6]])}) == Arch.of({"out": "r"})


def test_chances_are_products_along_the_way_and_add_up_to_one():
    tables = {name: torch.from_numpy(table) for name, table in GATES.items()}
    chances = {arch: log_chance(SPACE, tables, arch).exp().item() for arch in SPACE}
    wanted = {left("x"): 0.12, left("y"): 0.3, left("z"): 0.18, Arch.of({"out": "r"}): 0.4}
    assert chances == pytest.approx(wanted, abs=1e-12)
    rng = np.random.default_rng(0)
    drawn = [draw(SPACE, GATES, rng) for _ in range(2000)]
    for arch, chance in wanted.items():
        deviation = np.sqrt(chance * (1 - chance) / 2000)
        assert drawn.count(arch) / 2000 == pytest.approx(chance, abs=4 * deviation)


def test_the_dearest_counts_what_an_option_costs_by_itself():
    costs = {"outer": np.array([[1.0, 5.0]]), "inner": np.array([[2.0, 4.5, 3.0]])}
    assert extreme(SPACE, costs, dearest=True) == left("y")
    assert extreme(SPACE, costs, dearest=False) == left("x")
    costs["outer"][0, 1] = 6.0
    assert extreme(SPACE, costs, dearest=True) == Arch.of({"out": "r"})


def test_gates_of_what_is_left_lose_rows_with_their_choices():
    fewer = SPACE.restrict(lambda path, option: option not in ("r", "x"))
    assert {n: t.tolist() for n, t in _narrowed(SPACE, fewer, GATES).items()} == {
        "outer": [[0.6]], "inner": [[0.5, 0.3]],
    }  # fmt: skip
    none = SPACE.restrict(lambda path, option: option != "l")
    assert {n: t.tolist() for n, t in _narrowed(SPACE, none, GATES).items()} == {"outer": [[0.4]]}
