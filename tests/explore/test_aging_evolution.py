"""Who may be a parent in aging evolution, and how often."""

import numpy as np
import pytest
from tests.oracles import evolution as oracle

from gapless.core import Choice, Space
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.explore.aging_evolution import AgingEvolution

SPACE = Space(tuple(Choice(f"layer{i}", dict.fromkeys("abcd")) for i in range(30)))


def history_of(values):
    rng = np.random.default_rng(5)
    return [Record(SPACE.sample(rng), {"accuracy": value}) for value in values]


def edits(a, b):
    return sum(a.option(choice) != b.option(choice) for choice in a)


def test_the_published_numbers():
    assert AgingEvolution.published() == AgingEvolution(population=100, sample=25)


def test_the_first_are_random_and_no_call_goes_beyond_them():
    assert len(AgingEvolution(5, 2).ask(history_of([0.1] * 2), SPACE, np.random.default_rng(0), 9)) == 3


def test_a_child_is_one_edit_from_a_living_parent_drawn_as_often_as_the_best_of_a_sample():
    values = [0.99, 0.98, 0.1, 0.4, 0.3, 0.2]
    history = history_of(values)
    expected = oracle.aging_parent(values, 4, 2)
    counts = np.zeros(len(values))
    for seed in range(150):
        for child in AgingEvolution(4, 2).ask(history, SPACE, np.random.default_rng(seed), 4):
            near = [edits(child, record.arch) for record in history]
            assert min(near) == 1
            counts[near.index(1)] += 1
    assert counts[:2].sum() == 0, "the two best are too old"
    assert np.abs(counts / 600 - expected).max() < 4 * np.sqrt(0.25 / 600)


@pytest.mark.parametrize("wrong", [{"population": 0}, {"sample": 0}])
def test_refuses(wrong):
    with pytest.raises(BadValue, match=r"expected .*; got .*=0"):
        AgingEvolution(**wrong)
