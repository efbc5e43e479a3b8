"""Strict fairness: every operation once a step, orders uniform and independent between choices."""

from collections import Counter
from itertools import pairwise, permutations

import numpy as np
import pytest

import gapless.spaces
from gapless.core import Choice, Space, Streams
from gapless.parts.sample.fair import StrictlyFair

from .test_uniform import fits_uniform
from .views import view

FOUR = Space(tuple(Choice(f"layer{i}", dict.fromkeys("abcd"), group="g") for i in range(3)))


def drawn(choices, step):
    return StrictlyFair()(view(choices), Streams(0).generator("sample", step))


@pytest.mark.parametrize("name", ["chain", "darts", "nb201"])
def test_every_operation_exactly_once_a_step(name):
    choices = gapless.spaces.get(name).choices
    assert list(StrictlyFair().conflicts(None, None, choices)) == []
    for step in range(20):
        paths = drawn(choices, step)
        for group in choices.groups():
            tables = np.array([path[group.name] for path in paths])
            assert tables.shape[0] == group.pickable.sum(1).max()
            assert np.array_equal(tables.sum(0), group.pickable.astype(int)), "an operation not exactly once"
            assert np.array_equal(tables.sum(2), np.ones(tables.shape[:2])), "a choice with not exactly one"


def test_the_order_of_a_choice_is_a_uniform_permutation():
    orders = Counter()
    for step in range(24 * 40):
        orders[tuple(int(np.argmax(path["g"][0])) for path in drawn(FOUR, step))] += 1
    assert set(orders) <= set(permutations(range(4)))
    assert fits_uniform(list(orders.values()), 24)


def test_two_choices_are_independent():
    """Each of the 24 x 24 pairs of orders is equally likely."""
    for first, second in pairwise(range(3)):
        pairs = Counter()
        for step in range(576 * 10):
            paths = drawn(FOUR, step)
            orders = (tuple(int(np.argmax(p["g"][row])) for p in paths) for row in (first, second))
            pairs[tuple(orders)] += 1
        assert fits_uniform(list(pairs.values()), 576)


def test_unequal_choices_are_refused_with_their_counts():
    unequal = Space(
        (Choice("a", dict.fromkeys("xyz"), group="g"), Choice("b", dict.fromkeys("zw"), group="g"))
    )
    (line,) = StrictlyFair().conflicts(None, None, unequal)
    assert "strictly fair" in line
    assert "2 and 3" in line
