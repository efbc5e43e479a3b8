"""Tournaments: who is alive, against a plain replay."""

import numpy as np
import pytest
from tests.oracles import evolution as oracle

from gapless.core.errors import BadValue
from gapless.explore import tournament
from gapless.explore.replay import root, scores, stream
from gapless.explore.tournament import Tournament
from gapless.testing import explorers as battery


@pytest.mark.parametrize("explorer", [Tournament(8, 2), Tournament(8, 5), Tournament(8, 0.3, False)])
def test_parents_and_deaths_are_those_of_a_plain_replay(explorer):
    history = battery.searched(explorer, battery.LONG, 40, 1)
    scored = scores(history)
    seed = root([arch for arch, _ in scored[:8]])

    def drawn(alive, place):
        size = explorer.size if explorer.size >= 2 else max(2, round(explorer.size * len(alive)))
        return [alive[i] for i in stream(seed, place).permutation(len(alive))[:size]]

    values = [value for _, value in scored]
    alive, met = oracle.tournaments(values, 8, explorer.size, explorer.deaths, drawn)
    assert list(explorer._alive(scored, battery.LONG)) == alive
    for place, (best, _) in enumerate(met, 8):
        child, parent = scored[place][0], scored[best][0]
        assert 1 <= sum(child.option(c) != parent.option(c) for c in child) <= 3
    tournament._REPLAY._kept.clear()
    assert list(explorer._alive(scored, battery.LONG)) == alive, "from a cold start too"


def test_children_asked_for_at_once_have_parents_that_were_alive():
    history = battery.searched(Tournament(10, 2), battery.LONG, 10, 10)
    children = Tournament(10, 2).ask(history, battery.LONG, np.random.default_rng(1), 30)
    assert len(children) == 30
    for child in children:
        near = [sum(child.option(c) != r.arch.option(c) for c in child) for r in history]
        assert min(near) <= 2


def test_published_numbers():
    assert Tournament.evonet() == Tournament(population=1000, size=2, deaths=True)
    assert Tournament.hierarchical() == Tournament(population=200, size=0.05, deaths=False)


@pytest.mark.parametrize(
    ("population", "size"), [(1, 2), (20, 1), (20, 21), (20, 2.5), (20, 0.0), (20, float("nan"))]
)
def test_refuses(population, size):
    with pytest.raises(BadValue, match=r"expected .*; got population="):
        Tournament(population, size)
