from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gapless.core.errors import BadData, BadValue
from gapless.data.split import NAMES, apportion, divide

fast = settings(derandomize=True, deadline=None, max_examples=60)
counts = st.lists(st.integers(4, 40), min_size=2, max_size=12)


def labelled(per_class: list[int]) -> tuple[np.ndarray, list[str]]:
    labels = np.repeat(np.arange(len(per_class)), per_class)
    return np.random.default_rng(0).permutation(labels), [f"c{i}" for i in range(len(per_class))]


@fast
@given(counts, st.integers(0, 5))
def test_splits_are_disjoint_complete_and_hold_every_class(per_class: list[int], seed: int) -> None:
    labels, classes = labelled(per_class)
    plan = divide(labels, classes, seed=seed)
    assert tuple(plan) == NAMES
    joined = np.concatenate(list(plan.values()))
    assert sorted(joined) == list(range(len(labels)))
    for rows in plan.values():
        assert set(labels[rows]) == set(range(len(classes)))


@fast
@given(counts, counts)
def test_a_given_test_set_is_the_test_split(per_class: list[int], test_counts: list[int]) -> None:
    train, classes = labelled(per_class)
    test, _ = labelled(test_counts[: len(per_class)])
    labels = np.concatenate([train, test])
    given_test = np.arange(len(labels)) >= len(train)
    plan = divide(labels, classes, given_test=given_test)
    assert sorted(plan["test"]) == list(np.flatnonzero(given_test))
    assert len(np.unique(np.concatenate(list(plan.values())))) == len(labels)


def test_shares() -> None:
    labels, classes = labelled([200, 100])
    plan = divide(labels, classes)
    for number, n in enumerate((200, 100)):
        held = {name: int((labels[rows] == number).sum()) for name, rows in plan.items()}
        rest = n * 65 // 100
        assert held["test"] == n // 5
        assert held["audit"] == n * 15 // 100
        assert {held["train"], held["val"]} <= {rest // 2, rest - rest // 2}
    plan = divide(labels, classes, given_test=np.zeros(300, bool))
    assert [len(plan[name]) for name in NAMES] == [135, 135, 30, 0]


def test_the_division_depends_on_its_seed_only() -> None:
    labels, classes = labelled([30, 30])
    first, again, other = (divide(labels, classes, seed=s) for s in (0, 0, 1))
    assert all(np.array_equal(first[name], again[name]) for name in NAMES)
    assert set(first["audit"]) != set(other["audit"])


def test_the_order_is_mixed_over_classes() -> None:
    labels, classes = labelled([200, 200])
    head = labels[divide(labels, classes)["train"][:40]]
    assert 8 <= head.sum() <= 32


@fast
@given(st.lists(st.integers(4, 60), min_size=2, max_size=6), st.integers(18, 400))
def test_a_limit_keeps_roles_and_every_class(per_class: list[int], limit: int) -> None:
    labels, classes = labelled(per_class)
    whole, some = divide(labels, classes), divide(labels, classes, limit=limit)
    pool = sum(len(whole[name]) for name in NAMES[:3])
    assert sum(len(some[name]) for name in NAMES[:3]) == min(limit, pool)
    for name in NAMES:
        assert set(some[name]) <= set(whole[name])
        assert set(labels[some[name]]) == set(range(len(classes)))


def test_a_limit_shrinks_the_test_split_in_proportion() -> None:
    labels, classes = labelled([500, 500])
    assert len(divide(labels, classes, limit=80)["test"]) == 20


@pytest.mark.parametrize(("per_class", "need"), [([3, 9], "at least 4"), ([9, 0], "at least 4")])
def test_a_class_with_too_few_images(per_class: list[int], need: str) -> None:
    labels, classes = labelled(per_class)
    poor = f"c{int(np.argmin(per_class))}"
    with pytest.raises(BadData, match=f"{need}.*got {min(per_class)} in class '{poor}'"):
        divide(labels, classes)


def test_too_few_training_images_beside_a_given_test_set() -> None:
    with pytest.raises(BadData, match=r"at least 3 training images.*got 2 in class 'a'"):
        divide(np.array([0, 0, 0, 1, 1, 1]), "ab", given_test=np.arange(6) < 1)


@pytest.mark.parametrize("limit", [-1, 0, 7, 29])
def test_a_limit_too_small_for_the_classes(limit: int) -> None:
    labels, classes = labelled([20] * 10)
    with pytest.raises(BadValue, match="at least 30 images"):
        divide(labels, classes, limit=limit)


@fast
@given(st.lists(st.integers(0, 50), min_size=1, max_size=20), st.integers(0, 600))
def test_apportion(numbers: list[int], total: int) -> None:
    before = np.array(numbers)
    total = max(total, int((before > 0).sum()))
    after = apportion(before, total)
    assert after.sum() == min(total, before.sum())
    assert (after <= before).all()
    assert ((after > 0) == (before > 0)).all()
