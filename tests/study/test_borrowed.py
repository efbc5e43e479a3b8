"""Samplers of Optuna as explorers."""

import optuna
import pytest

from gapless.core import Streams
from gapless.core.errors import BadValue, UnknownName
from gapless.study import explorers
from gapless.study.borrowed import SHORT, Borrowed, known
from gapless.study.loop import explored
from gapless.testing import explorers as battery
from gapless.testing.explorers import LONG, SMALL, toy

LONG_CHECKS = (battery.resumes, battery.valid_and_new)
SHORT_CHECKS = [check for check in battery.checks if check not in LONG_CHECKS]


@pytest.mark.parametrize("check", SHORT_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", ["random", "tpe", "cmaes"])
def test_contract(name, check):
    check(explorers.get(f"optuna:{name}", {"batch": 20}))


@pytest.mark.slow
@pytest.mark.parametrize("check", LONG_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", ["tpe", "cmaes", "nsga2"])
def test_contract_of_many_calls(name, check):
    check(explorers.get(f"optuna:{name}", {"batch": 20}))


@pytest.mark.parametrize("name", sorted(set(SHORT) - {"gp"}))
def test_every_short_name_proposes(name):
    explorer = explorers.get(f"optuna:{name}", {"batch": 4})
    records = explored(explorer, SMALL, lambda archs: [toy(SMALL, a) for a in archs], 12, Streams(0), 4)
    assert {record.arch for record in records} == set(SMALL)
    assert explorers.get(f"optuna:{SHORT[name]}", {"batch": 4}) == explorer


@pytest.mark.parametrize("name", ["tpe", "cmaes"])
def test_learns(name):
    """Better than chance on a separable function: the last third against the first, over eight seeds.

    A sampler that learns nothing gains 0 with a standard error of .006, CMA-ES about .06 with one of .008:
    where one seed's steps lead depends on the release of Optuna and on the machine.
    """
    explorer, gains = explorers.get(f"optuna:{name}", {"batch": 6}), []
    for seed in range(8):
        records = explored(explorer, LONG, lambda archs: [toy(LONG, a) for a in archs], 120, Streams(seed), 6)
        worth = [record.metrics["accuracy"] for record in records]
        gains.append(sum(worth[80:]) / 40 - sum(worth[:40]) / 40)
    assert sum(gains) / 8 > 0.05


def test_several_objectives():
    explorer = explorers.get("optuna:nsga2", {"objectives": ("accuracy", "macs"), "batch": 12})
    assert explorers.objectives(explorer) == ("accuracy", "macs")
    records = explored(explorer, SMALL, lambda archs: [toy(SMALL, a) for a in archs], 12, Streams(0), 6)
    assert len(records) == 12


@pytest.mark.parametrize("name", ["tpee", "GridSampler", "BruteForceSampler", "logging", ""])
def test_unknown_samplers_are_refused(name):
    with pytest.raises(UnknownName):
        known(name)


def test_bad_settings_are_refused():
    for settings in ({"batch": 0}, {"objectives": ()}):
        with pytest.raises(BadValue):
            Borrowed("TPESampler", **settings)
    with pytest.raises(UnknownName):
        explorers.get("optun:tpe")


def test_optuna_is_left_as_it_was():
    before = optuna.logging.get_verbosity()
    explored(explorers.get("optuna:tpe"), SMALL, lambda archs: [toy(SMALL, a) for a in archs], 3, Streams(0))
    assert optuna.logging.get_verbosity() == before
