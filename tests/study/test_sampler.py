"""Explorers as samplers of somebody else's Optuna study."""

import optuna
import pytest

from gapless.core import Streams
from gapless.core.errors import BadValue
from gapless.explore.genetic import Genetic
from gapless.explore.nsga2 import Nsga2
from gapless.explore.random import Random
from gapless.study.borrowed import quiet
from gapless.study.loop import explored
from gapless.study.sampler import ExplorerSampler, suggest
from gapless.testing.explorers import NESTED, SMALL, toy


@pytest.fixture(autouse=True)
def silent():
    with quiet():
        yield


@pytest.mark.parametrize("explorer", [Genetic(6, 2, 2, 2), Random()])
def test_a_study_is_the_plain_loop(explorer):
    study = optuna.create_study(sampler=ExplorerSampler(explorer, NESTED, seed=3), direction="maximize")
    found = []

    def objective(trial):
        found.append(suggest(trial, NESTED))
        return toy(NESTED, found[-1]).metrics["accuracy"]

    study.optimize(objective, n_trials=20)
    records = explored(explorer, NESTED, lambda archs: [toy(NESTED, a) for a in archs], 20, Streams(3))
    assert found == [record.arch for record in records]
    assert [trial.value for trial in study.trials] == [record.metrics["accuracy"] for record in records]


def test_several_values_and_other_parameters():
    explorer = Nsga2(5, objectives=("accuracy", "macs"))
    study = optuna.create_study(
        sampler=ExplorerSampler(explorer, NESTED), directions=["maximize", "minimize"]
    )

    def objective(trial):
        assert 0 <= trial.suggest_float("lr", 0, 1) <= 1
        record = toy(NESTED, suggest(trial, NESTED))
        return record.metrics["accuracy"], record.cost["macs"]

    study.optimize(objective, n_trials=14)
    assert len({str(trial.params) for trial in study.trials}) == 14


def test_a_sampler_made_anew_goes_on():
    explorer, storage = Genetic(6, 2, 2, 2), optuna.storages.InMemoryStorage()
    for _ in range(3):
        study = optuna.create_study(
            storage=storage, study_name="s", sampler=ExplorerSampler(explorer, NESTED), direction="maximize",
            load_if_exists=True,
        )  # fmt: skip
        study.optimize(lambda trial: toy(NESTED, suggest(trial, NESTED)).metrics["accuracy"], n_trials=5)
    records = explored(explorer, NESTED, lambda archs: [toy(NESTED, a) for a in archs], 15, Streams(0))
    assert [trial.value for trial in study.trials] == [record.metrics["accuracy"] for record in records]


def test_failed_and_foreign_trials_are_survived():
    study = optuna.create_study(sampler=ExplorerSampler(Genetic(4, 2, 1, 1), SMALL), direction="maximize")
    study.add_trial(optuna.create_trial(value=1.0))

    def objective(trial):
        arch = suggest(trial, SMALL)
        return float("nan") if trial.number % 2 else toy(SMALL, arch).metrics["accuracy"]

    study.optimize(objective, n_trials=8)
    assert len({str(trial.params) for trial in study.trials[1:]}) == 8


def test_what_cannot_be_is_refused():
    study = optuna.create_study(sampler=ExplorerSampler(Nsga2(), SMALL), direction="maximize")
    with pytest.raises(BadValue, match="3 values: accuracy, macs, parameters"):
        suggest(study.ask(), SMALL)
    study = optuna.create_study(sampler=ExplorerSampler(Random(), SMALL), direction="maximize")
    for _ in range(12):
        suggest(trial := study.ask(), SMALL)
        study.tell(trial, 1.0)
    with pytest.raises(BadValue, match="none of 12 left"):
        suggest(study.ask(), SMALL)
