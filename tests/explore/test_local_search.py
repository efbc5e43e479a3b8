"""Local search climbs as a plain replay says."""

from functools import cache

import numpy as np
import pytest
from tests.oracles import evolution as oracle

from gapless.core import Choice, Space
from gapless.core.errors import BadValue
from gapless.explore import local_search
from gapless.explore.local_search import LocalSearch
from gapless.explore.replay import scores
from gapless.testing import explorers as battery

LAYERS = Space(tuple(Choice(f"layer{i}", dict.fromkeys("abc")) for i in range(5)))


@cache
def near(space):
    return cache(lambda arch: tuple(space.neighbours(arch)))


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(("space", "budget"), [(battery.SMALL, 12), (battery.NESTED, 120)])
def test_every_proposal_is_a_neighbour_of_where_the_climb_is(space, budget, first):
    explorer = LocalSearch(starts=3, first=first)
    history = battery.searched(explorer, space, budget, 1)
    places = [oracle.climb(scores(history[:i]), near(space), 3, first) for i in range(len(history))]
    for record, at in zip(history, places, strict=True):
        assert at is None or record.arch in near(space)(at)
    assert places.count(None) > 3 if space is battery.SMALL else len(set(places)) > 4
    local_search._REPLAY._kept.clear()
    for i, at in enumerate(places):
        assert explorer._at(scores(history[:i]), space)[0] == at


def test_it_reaches_the_top_of_a_separable_space_and_starts_again():
    for first in (True, False):
        history = battery.searched(LocalSearch(starts=2, first=first), LAYERS, 110, 1)
        values = [record.metrics["accuracy"] for record in history]
        top = max(battery.toy(LAYERS, arch).metrics["accuracy"] for arch in LAYERS)
        assert max(values) == top
        around = near(LAYERS)(history[values.index(top)].arch)
        assert any(record.arch not in around for record in history[values.index(top) + 1 :])


def test_those_asked_for_at_once_are_neighbours_and_the_best_of_them_is_climbed_from():
    explorer = LocalSearch(starts=5)
    history = battery.searched(explorer, battery.LONG, 25, 20)
    start = max(history[:5], key=lambda r: r.metrics["accuracy"])
    assert all(r.arch in near(battery.LONG)(start.arch) for r in history[5:])
    best = max(history, key=lambda r: r.metrics["accuracy"])
    asked = explorer.ask(history, battery.LONG, np.random.default_rng(0), 10)
    assert best is not start
    assert all(arch in near(battery.LONG)(best.arch) for arch in asked)


def test_refuses():
    with pytest.raises(BadValue, match="expected starts >= 1; got 0"):
        LocalSearch(starts=0)
