"""LaNAS: its tree, its choice and its replay against plain ones."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracles import predictors as oracle

from gapless.core.errors import BadValue
from gapless.explore.lanas import LaNas, Region, grown, ridge, select, uct
from gapless.explore.random import Random
from gapless.testing.explorers import LONG, searched, toy


def numbers(seed, n=20, d=6):
    rng = np.random.default_rng(seed)
    return (rng.random((n, d)) < 0.4).astype(float), rng.normal(size=n)


def leaves(node):
    return [leaf for child in node.children for leaf in leaves(child)] if node.children else [node]


@settings(derandomize=True, deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.floats(0.1, 10))
def test_ridge(seed, penalty):
    x, y = numbers(seed)
    w, b = ridge(x, y, penalty)
    expected = oracle.ridge(x, y, penalty)
    np.testing.assert_allclose(w, expected[0], rtol=0, atol=1e-10)
    assert abs(b - expected[1]) < 1e-10


@settings(derandomize=True, deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.integers(0, 4))
def test_the_tree(seed, height):
    x, y = numbers(seed)
    root, rows = grown(x, y, height, 1.0), oracle.regions(x, y, height, 1.0)
    found = leaves(root)
    assert [leaf.scored for leaf in found] == [len(own) for own in rows]
    np.testing.assert_allclose([leaf.mean for leaf in found], [y[own].mean() for own in rows], atol=1e-10)
    for leaf, own in zip(found, rows, strict=True):
        for i in own:
            way = root.way(x[i])
            assert way[-1] is leaf
            assert len(way) <= height + 1


@pytest.mark.parametrize(
    ("mean", "visits", "parent", "c"), [(0.5, 3, 9, 0.1), (0.9, 1, 2, 1.0), (0.1, 0, 5, 0.1)]
)
def test_uct(mean, visits, parent, c):
    found, expected = uct(mean, visits, parent, c), oracle.uct(mean, visits, parent, c)
    assert found == expected or abs(found - expected) < 1e-12


def test_a_leaf_is_chosen_by_mean_then_by_fewest_visits_and_only_where_something_is_left():
    good = Region(visits=10, scored=10, total=9.0, left=1)
    bad = Region(visits=10, scored=10, total=1.0, left=1)
    root = Region(children=(good, bad), visits=20, scored=20, total=10.0, left=2)
    assert select(root, 0.1)[-1] is good
    good.visits, bad.visits = 10_000, 1
    assert select(root, 1.0)[-1] is bad
    assert select(root, 0.0)[-1] is good
    good.left = 0
    assert select(root, 0.0)[-1] is bad


def test_archs_are_given_to_the_leaves_that_they_lead_to():
    history = searched(Random(), LONG, 40, 40)
    x = np.array([LONG.encode(record.arch) for record in history])
    root = grown(x, np.array([record.metrics["accuracy"] for record in history]), 3, 1.0)
    pool = [LONG.sample(np.random.default_rng(i)) for i in range(30)]
    codes = np.array([LONG.encode(arch) for arch in pool])
    root.fill(pool, codes)
    assert root.left == 30 == sum(leaf.left for leaf in leaves(root))
    for arch, code in zip(pool, codes, strict=True):
        assert arch in root.way(code)[-1].here


def test_most_of_what_is_asked_for_lies_in_the_better_half():
    history = searched(Random(), LONG, 90, 90)
    asked = LaNas(batch=40).ask(history, LONG, np.random.default_rng(0), 40)
    assert len(asked) == 40
    middle = np.median([record.metrics["accuracy"] for record in history])
    assert np.mean([toy(LONG, arch).metrics["accuracy"] > middle for arch in asked]) > 0.7


def test_random_at_first_then_rounds():
    rng = np.random.default_rng
    history = searched(Random(), LONG, 40, 40)
    assert LaNas().ask(history[:4], LONG, rng(0), 50) == Random().ask(history[:4], LONG, rng(0), 6)
    assert len(LaNas().ask(history[:15], LONG, rng(0), 50)) == 15, "a round ends after record 30"
    assert LaNas() == LaNas(height=5, c=0.1, initial=10, batch=20)


def test_uct_is_infinite_without_a_visit():
    assert uct(0.0, 0, 1, 0.1) == math.inf


@pytest.mark.parametrize("wrong", [{"height": -1}, {"c": -0.1}, {"batch": 0}, {"pool": 0}, {"penalty": -1.0}])
def test_refuses(wrong):
    with pytest.raises(BadValue, match="use the published"):
        LaNas(**wrong)
