"""Generations of the evolutionary search: who breeds, and into which places."""

import numpy as np
import pytest

from gapless.core import Choice, Space
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.explore.genetic import Genetic

SPACE = Space(tuple(Choice(f"layer{i}", dict.fromkeys("abcd")) for i in range(20)))


def history_of(n, accuracy=lambda i: i / 1000):
    rng = np.random.default_rng(5)
    return [Record(SPACE.sample(rng), {"accuracy": accuracy(i)}) for i in range(n)]


def picks(arch):
    return [arch.option(choice) for choice in arch]


def test_the_defaults_are_the_published_ones():
    assert Genetic() == Genetic(population=50, parents=10, mutations=25, crossovers=25, rate=0.1)


def test_an_ask_stops_at_the_end_of_a_generation():
    rng = np.random.default_rng(0)
    assert len(Genetic().ask(history_of(0), SPACE, rng, 80)) == 50
    assert len(Genetic().ask(history_of(30), SPACE, rng, 80)) == 20
    assert len(Genetic().ask(history_of(50), SPACE, rng, 80)) == 50


def test_children_of_one_parent_are_near_it_and_random_ones_are_not():
    one = Genetic(population=60, parents=1, mutations=40, crossovers=0)
    history = history_of(60, accuracy=lambda i: float(i == 17))
    asked = one.ask(history, SPACE, np.random.default_rng(1), 60)
    parent = picks(history[17].arch)
    edits = [sum(a != b for a, b in zip(parent, picks(arch), strict=True)) for arch in asked]
    assert max(edits[:40]) <= 8
    assert 1.2 < np.mean(edits[:40]) < 3.5, "20 decisions at rate 0.1, never 0"
    assert min(edits[40:]) >= 9, "a random one differs in 15 of 20"


def test_crossovers_take_every_choice_from_one_of_the_best():
    one = Genetic(population=40, parents=2, mutations=0, crossovers=40)
    history = history_of(40, accuracy=lambda i: float(i in (3, 29)))
    a, b = picks(history[3].arch), picks(history[29].arch)
    for arch in one.ask(history, SPACE, np.random.default_rng(1), 40):
        assert all(p in pair for p, pair in zip(picks(arch), zip(a, b, strict=True), strict=True))


def test_parents_come_from_all_whole_generations_and_not_from_the_present_one():
    one = Genetic(population=20, parents=1, mutations=20, crossovers=0)
    history = history_of(50, accuracy=lambda i: {4: 0.8, 45: 0.9}.get(i, 0.1))
    (child,) = one.ask(history, SPACE, np.random.default_rng(2), 1)
    near = sum(a != b for a, b in zip(picks(history[4].arch), picks(child), strict=True))
    assert near <= 8


@pytest.mark.parametrize(
    "settings",
    [
        {"population": 0, "mutations": 0, "crossovers": 0},
        {"parents": 0},
        {"mutations": 30},
        {"mutations": -1},
        {"rate": 0.0},
        {"rate": 1.5},
    ],
)
def test_refuses(settings):
    with pytest.raises(BadValue, match=r"expected .*; got .*; "):
        Genetic(**settings)


def test_refuses_a_history_without_accuracy():
    history = [Record(record.arch, {"loss": 1.0}) for record in history_of(50)]
    with pytest.raises(BadValue, match="expected records with 'accuracy'; got one with loss"):
        Genetic().ask(history, SPACE, np.random.default_rng(0), 1)
