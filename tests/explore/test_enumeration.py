"""Enumeration: every number once, in either order, with what was scored left out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gapless.core import Choice, Space
from gapless.core.errors import BadValue
from gapless.explore.enumeration import Enumeration
from gapless.testing import explorers as battery

RNG = np.random.default_rng(0)


@settings(derandomize=True, deadline=None)
@given(st.integers(1, 300), st.integers(0, 2**40))
def test_a_shuffled_order_is_a_permutation(size, seed):
    explorer = Enumeration("shuffled", seed)
    assert sorted(explorer.number(place, size) for place in range(size)) == list(range(size))


def test_orders_of_two_seeds_are_unlike_each_other_and_unlike_the_numbers():
    orders = [[Enumeration("shuffled", seed).number(k, 4096) for k in range(4096)] for seed in (0, 1)]
    for one, other in ((*orders,), (orders[0], range(4096))):
        assert abs(np.corrcoef(one, other)[0, 1]) < 5 / np.sqrt(4096)


def test_by_number_what_was_scored_is_left_out():
    history = [battery.toy(battery.SMALL, battery.SMALL.at(i)) for i in (0, 3, 1)]
    asked = Enumeration().ask(history, battery.SMALL, RNG, 5)
    assert [battery.SMALL.index(arch) for arch in asked] == [2, 4, 5, 6, 7]


@pytest.mark.parametrize("explorer", [Enumeration(), Enumeration("shuffled", 3)])
def test_the_rng_changes_nothing(explorer):
    history = battery.searched(explorer, battery.NESTED, 40, 7, seed=0)
    assert history == battery.searched(explorer, battery.NESTED, 40, 1, seed=1)


@pytest.mark.parametrize("check", battery.checks, ids=lambda check: check.__name__)
def test_contract_shuffled(check):
    check(Enumeration("shuffled"))


def test_a_space_of_any_size_has_a_shuffled_order():
    large = Space(tuple(Choice(f"c{i}", dict.fromkeys("abc")) for i in range(1000)))
    asked = Enumeration("shuffled").ask([], large, RNG, 20)
    assert len(set(asked)) == 20
    assert all(abs(sum(a.option(c) == "a" for c in a) - 333) < 90 for a in asked)


@pytest.mark.parametrize(("order", "seed", "words"), [("size", 0, "an order"), ("shuffled", -1, "a seed")])
def test_refuses(order, seed, words):
    with pytest.raises(BadValue, match=words):
        Enumeration(order, seed)
