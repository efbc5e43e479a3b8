"""Explorers within limits."""

import numpy as np
import pytest

from gapless.core import Streams
from gapless.core.errors import BadValue
from gapless.explore.genetic import Genetic
from gapless.explore.limited import Limited
from gapless.explore.nsga2 import Nsga2
from gapless.explore.random import Random
from gapless.study.loop import explored
from gapless.testing import explorers as battery
from gapless.testing.explorers import NESTED, SMALL, toy


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
