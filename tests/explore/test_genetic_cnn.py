"""Russian roulette, crossover of pairs, and generations in which some are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.strategies import EXAMPLES, spaces_with_archs
from tests.oracles import evolution as oracle

from gapless.core.errors import BadValue
from gapless.explore import genetic_cnn
from gapless.explore.contract import WORST
from gapless.explore.genetic_cnn import GeneticCnn, chances, swapped
from gapless.explore.replay import scores
from gapless.testing import explorers as battery


@settings(derandomize=True, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_roulette_is_the_formula(values):
    np.testing.assert_allclose(chances(values), oracle.roulette(values), rtol=0, atol=1e-10)


def test_what_is_not_finite_is_drawn_as_rarely_as_the_worst():
    assert chances([WORST, 0.25, 0.5, 1.0]).tolist() == [0.0, 0.0, 0.25, 0.75]
    assert chances([WORST, WORST]).tolist() == [0.5, 0.5]


@EXAMPLES
@given(spaces_with_archs(archs=2), st.integers(0, 1000))
def test_a_swap_exchanges_whole_choices(given_, seed):
    space, a, b = given_
    one, other = swapped(space, a, b, 0.5, np.random.default_rng(seed))
    for choice in space.choices:
        name = choice.name
        assert {(name, one[name] == a[name]), (name, other[name] == b[name])} <= {(name, True), (name, False)}
        assert (one[name], other[name]) in ((a[name], b[name]), (b[name], a[name]))
    assert swapped(space, a, b, 0.0, np.random.default_rng(seed)) == (a, b)
    assert swapped(space, a, b, 1.0, np.random.default_rng(seed)) == (b, a)


def test_without_change_the_next_generation_holds_the_drawn_ones():
    explorer = GeneticCnn(population=6, cross=0.0, mutate=0.0)
    members = tuple(battery.LONG.sample(np.random.default_rng(i)) for i in range(6))
    accuracies = [0.1, 0.1, 0.1, 0.5, 0.1, 0.9]
    counts = np.zeros(6)
    for seed in range(200):
        for arch in explorer._next(members, accuracies, battery.LONG, np.random.default_rng(seed)):
            counts[members.index(arch)] += 1
    assert np.abs(counts / 1200 - oracle.roulette(accuracies)).max() < 4 * np.sqrt(0.25 / 1200)


def test_crossed_pairs_are_not_mutated_and_others_are():
    members = (battery.LONG.at(0), battery.LONG.at(battery.LONG.size() - 1))
    for cross, mixed in ((1.0, True), (0.0, False)):
        explorer = GeneticCnn(population=40, cross=cross, swap=0.5, mutate=1.0, flip=1.0)
        children = explorer._next(members, [0.0, 0.0], battery.LONG, np.random.default_rng(0))
        parts = {child.option(choice) for child in children for choice in child}
        assert (parts == {"a", "d"}) == mixed


@pytest.mark.parametrize("settings", [{}, {"population": 5, "mutate": 0.0, "cross": 0.0}])
def test_a_search_is_a_function_of_its_first_generation(settings):
    explorer = GeneticCnn(**settings)
    history = battery.searched(explorer, battery.NESTED, 60, 1)
    genetic_cnn._REPLAY._kept.clear()
    first = explorer.population
    for i in range(first, 60):
        waiting = explorer._waiting(scores(history[:i]), battery.NESTED)
        assert waiting[0] == history[i].arch


def test_published_numbers():
    assert GeneticCnn() == GeneticCnn(population=20, cross=0.2, swap=0.3, mutate=0.8, flip=0.1)


@pytest.mark.parametrize(
    "wrong", [{"population": 1}, {"cross": -0.1}, {"swap": 1.1}, {"mutate": 2.0}, {"flip": -1.0}]
)
def test_refuses(wrong):
    with pytest.raises(BadValue, match=r"expected .*; got .*; "):
        GeneticCnn(**wrong)
