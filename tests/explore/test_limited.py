"""Explorers within limits."""

from itertools import islice

import numpy as np
import pytest

from gapless import explore
from gapless.core import Choice, Space, Streams
from gapless.core.errors import BadValue
from gapless.explore import limited
from gapless.explore.enumeration import Enumeration
from gapless.explore.filtered import Filtered
from gapless.explore.genetic import Genetic
from gapless.explore.limited import Limited
from gapless.explore.local_search import LocalSearch
from gapless.explore.nsga2 import Nsga2
from gapless.explore.ppo import Ppo
from gapless.explore.random import Random, permitted
from gapless.study.loop import explored
from gapless.testing import explorers as battery
from gapless.testing.explorers import LONG, NESTED, SMALL, toy


def cheap(arch):
    """About a third of `NESTED`, and of `SMALL`."""
    space = NESTED if arch in NESTED else SMALL
    return toy(space, arch).metrics["accuracy"] < 0.45


def always(arch):
    return True


@pytest.mark.parametrize("check", battery.checks, ids=lambda check: check.__name__)
def test_without_limits_the_contract_holds(check):
    check(Limited(Genetic(), always))


@pytest.mark.parametrize("explorer", [Random(), Genetic(8, 3, 3, 3), Nsga2(8)])
def test_only_what_is_allowed_is_proposed(explorer):
    asked = Limited(explorer, cheap)
    records = explored(asked, NESTED, lambda archs: [toy(NESTED, a) for a in archs], 40, Streams(0), 8)
    assert len({record.arch for record in records}) == 40
    assert all(cheap(record.arch) for record in records)


def test_generations_are_as_large_as_without():
    asked = Limited(Genetic(8, 3, 3, 3), cheap)
    history = explored(asked, NESTED, lambda archs: [toy(NESTED, a) for a in archs], 5, Streams(0), 5)
    assert len(asked.ask(history, NESTED, np.random.default_rng(0), 100)) == 3


def test_everything_that_is_allowed_is_found_and_then_nothing():
    allowed = [arch for arch in SMALL if cheap(arch)]
    assert 0 < len(allowed) < SMALL.size()
    records = explored(
        Limited(Random(), cheap), SMALL, lambda archs: [toy(SMALL, a) for a in archs], 100, Streams(0), 5
    )
    assert {record.arch for record in records} == set(allowed)


def test_limits_that_nothing_keeps_are_refused():
    with pytest.raises(BadValue, match="raise --max"):
        Limited(Random(), lambda arch: False, draws=50).ask([], NESTED, np.random.default_rng(0), 3)


def test_objectives_are_those_of_the_explorer():
    assert Limited(Nsga2(), always).objectives == Nsga2().objectives
    assert Limited(Random(), always).objectives == ("accuracy",)


def not_heavy(arch):
    """About a third of `LONG`."""
    return toy(LONG, arch).cost["macs"] <= 4.6


@pytest.fixture
def drawn(monkeypatch):
    """The random architectures that `Limited` looks at by itself."""
    found = []

    def looked(space, seen, allowed, rng, draws):
        return permitted(space, seen, lambda arch: found.append(arch) or allowed(arch), rng, draws)

    monkeypatch.setattr(limited, "permitted", looked)
    return found


@pytest.mark.parametrize("name", sorted(set(explore.names()) - {"enumeration"}))
def test_a_search_within_limits_goes_on_by_its_own_rule(name, drawn):
    records = battery.searched(Limited(explore.get(name), not_heavy), LONG, 60, 8)
    assert len(records) == 60
    assert all(not_heavy(record.arch) for record in records)
    assert len(drawn) <= 10


@pytest.mark.parametrize("name", explore.names())
def test_all_that_is_allowed_is_found_by_every_explorer(name):
    records = battery.searched(Limited(explore.get(name), cheap), SMALL, 100, 3)
    assert {record.arch for record in records} == {arch for arch in SMALL if cheap(arch)}


@pytest.mark.parametrize("name", ["enumeration", "genetic-cnn", "local-search", "ppo", "reinforce"])
def test_a_search_within_limits_resumes(name):
    space, allowed = (NESTED, cheap) if name == "enumeration" else (LONG, not_heavy)
    batch = {} if name in ("enumeration", "local-search") else {"population" if "-" in name else "batch": 8}
    explorer = explore.get(name, **batch)
    records = battery.searched(Limited(explorer, allowed), space, 40, 1)
    again = Limited(explorer, lambda arch: allowed(arch) is True)  # of which nothing was kept
    assert battery.searched(again, space, 40, 1, history=records[:24]) == records


def test_enumeration_within_limits_keeps_its_order():
    records = battery.searched(Limited(Enumeration(), cheap), NESTED, 60, 7)
    allowed = (arch for arch in NESTED if cheap(arch))
    assert [record.arch for record in records] == list(islice(allowed, 60))


def test_a_climb_that_limits_enclose_begins_anew(drawn):
    space = Space(tuple(Choice(f"c{i}", dict.fromkeys("ab")) for i in range(6)))

    def even(arch):
        """No neighbour of one that is allowed is."""
        return sum(arch.option(choice) == "b" for choice in arch) % 2 == 0

    records = battery.searched(Limited(LocalSearch(starts=1), even), space, 12, 1)
    assert len(records) == 12
    assert not drawn


def test_a_filter_tells_what_is_allowed_to_what_it_filters(drawn):
    records = battery.searched(Limited(Filtered(Ppo(batch=8)), not_heavy), LONG, 50, 8)
    assert len(records) == 50
    assert len(drawn) <= 10
