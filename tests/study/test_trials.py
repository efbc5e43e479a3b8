"""Trials in a real storage, shared by workers, some of which are killed."""

import json
import math
import multiprocessing
import os
import signal
import time

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from gapless.core import Streams
from gapless.core.errors import BadValue
from gapless.core.record import PENDING, Record
from gapless.explore.genetic import Genetic
from gapless.explore.nsga2 import Nsga2
from gapless.explore.random import Random
from gapless.study import trials as module
from gapless.study.borrowed import quiet
from gapless.study.loop import explored, proposed
from gapless.study.trials import Trials
from gapless.testing.explorers import NESTED, SMALL, toy

GENETIC = Genetic(8, 3, 3, 3)
SLOW = pytest.mark.slow


def opened(folder, url=None, objectives=("accuracy",), space=NESTED):
    return Trials(folder, space, objectives, "study", url)


def propose(explorer, space=NESTED):
    return lambda history, n: proposed(explorer, space, Streams(0), history, n)


def score(archs, space=NESTED):
    return [toy(space, arch) for arch in archs]


def storage(kind, folder):
    return None if kind == "journal" else f"sqlite:///{folder / 'trials.db'}"


def work(trials, most, n, explorer=GENETIC):
    with trials.working():
        while taken := trials.take(n, most, propose(explorer)):
            trials.tell({number: toy(NESTED, arch) for number, arch in taken})


@pytest.mark.parametrize(("kind", "most"), [("journal", 40), pytest.param("sqlite", 10, marks=SLOW)])
def test_taken_one_by_one_and_at_once_is_the_plain_loop(kind, most, tmp_path):
    whole = explored(GENETIC, NESTED, score, most, Streams(0), 3)
    for way in ("one", "three", "at once"):
        folder = tmp_path / way
        folder.mkdir()
        trials = opened(folder, storage(kind, folder))
        if way == "at once":
            while trials.at_once(3, most, propose(GENETIC), score):
                pass
        else:
            work(trials, most, 3 if way == "three" else 1)
        expected = whole if way != "one" else explored(GENETIC, NESTED, score, most, Streams(0), 1)
        assert trials.scored() == expected
        assert opened(folder, storage(kind, folder)).scored() == expected, "read back by another process"
        assert trials.unfinished() == 0


def test_optuna_reads_plain_trials(tmp_path):
    work(opened(tmp_path), 5, 1)
    with quiet():
        backend = JournalStorage(JournalFileBackend(str(tmp_path / module.FILE)))
        study = optuna.load_study(storage=backend, study_name="study")
    assert len(study.trials) == 5
    for trial, record in zip(study.trials, opened(tmp_path).scored(), strict=True):
        assert trial.value == record.metrics["accuracy"]
        assert trial.user_attrs["key"] == record.arch.key
        assert trial.user_attrs["cost macs"] == record.cost["macs"]
        assert trial.datetime_start <= trial.datetime_complete
        json.dumps([trial.params, trial.user_attrs])
    assert study.best_value == max(trial.value for trial in study.trials)


def test_values_of_several_objectives(tmp_path):
    trials = opened(tmp_path, objectives=("accuracy", "macs"))
    work(trials, 12, 4, Nsga2(4, objectives=("accuracy", "macs")))
    study = trials.study
    assert [way.name for way in study.directions] == ["MAXIMIZE", "MINIMIZE"]
    for trial, record in zip(study.trials, trials.scored(), strict=True):
        assert trial.values == [record.metrics["accuracy"], record.cost["macs"]]
    assert study.best_trials


def test_what_is_no_number_is_a_failed_trial_that_is_remembered(tmp_path):
    trials = opened(tmp_path, space=SMALL)
    ((number, arch), (other, _)) = trials.take(2, 2, propose(Random(), SMALL))
    bad = Record(arch, {"accuracy": math.nan}, {"macs": math.inf}, 2.0, "stand-alone")
    trials.tell({number: bad, other: toy(SMALL, arch)})
    again = opened(tmp_path, space=SMALL).scored()[0]
    assert math.isnan(again.metrics["accuracy"])
    assert again.cost == {"macs": math.inf}
    assert (again.arch, again.seconds, again.provenance) == (arch, 2.0, "stand-alone")
    assert trials.study.trials[0].state.name == "FAIL"
    assert trials.take(1, 2, propose(Random(), SMALL)) == []


def test_what_others_score_is_seen_and_not_proposed(tmp_path):
    one, other = opened(tmp_path, space=SMALL), opened(tmp_path, space=SMALL)
    with one.working(), other.working():
        first = one.take(8, 20, propose(Random(), SMALL))
        second = other.take(8, 20, propose(Random(), SMALL))
        assert len(first) == 8
        assert len(second) == 4
        assert {arch for _, arch in first + second} == set(SMALL)
        assert all(math.isnan(record.metrics["accuracy"]) for record in other.history())
        assert {record.provenance for record in other.history()} == {PENDING}
        other.tell({number: toy(SMALL, arch) for number, arch in second})
        assert one.unfinished() == 8
        assert [r.arch for r in one.history()] == [arch for _, arch in first + second]


def test_a_record_without_an_objective_is_refused(tmp_path):
    trials = opened(tmp_path, objectives=("accuracy", "latency"))
    with pytest.raises(BadValue, match="'latency'"):
        trials.at_once(1, 1, propose(Random()), score)
    assert opened(tmp_path, objectives=("accuracy", "latency")).scored() == []


def test_an_address_that_is_none_is_refused(tmp_path):
    for url in ("nonsense", "sqlite:////nowhere/at/all.db", "oracle9://x"):
        with pytest.raises(BadValue, match="Optuna storage"):
            opened(tmp_path, url)


def test_a_trial_of_somebody_else_is_left_alone(tmp_path):
    trials = opened(tmp_path, space=SMALL)
    trials.study.enqueue_trial({"op": "a"})
    work_on = trials.take(100, 12, propose(Random(), SMALL))
    assert {arch for _, arch in work_on} == set(SMALL)
    assert [number for number, _ in work_on] == list(range(1, 13))


# -- workers that die -----------------------------------------------------------------------------


def _slow(folder, url, most, log, last=math.inf, gone_on=None):
    """Takes two at a time and notes each; at note number `last` it waits until it may go on."""
    trials, notes = opened(folder, url), 0
    with trials.working():
        while True:
            taken = trials.take(2, most, propose(GENETIC))
            if not taken and not trials.unfinished():
                return
            found = {}
            for number, arch in taken:
                with open(log, "a") as file:
                    file.write(f"{number} {os.getpid()}\n")
                notes += 1
                if notes == last:
                    gone_on.wait(60)
                time.sleep(0.01)
                found[number] = toy(NESTED, arch)
            trials.tell(found)
            time.sleep(0 if taken else 0.01)


def lines(log):
    return [tuple(map(int, line.split())) for line in log.read_text().splitlines()] if log.exists() else []


@pytest.mark.parametrize(("kind", "most"), [("journal", 60), pytest.param("sqlite", 24, marks=SLOW)])
def test_two_workers_one_of_which_is_killed(kind, most, tmp_path):
    context, log, url = multiprocessing.get_context("fork"), tmp_path / "log", storage(kind, tmp_path)
    opened(tmp_path, url)
    killed, note = context.Event(), (tmp_path, url, most, log)
    workers = [context.Process(target=_slow, args=given) for given in (note, (*note, 7, killed))]
    for worker in workers:
        worker.start()
    while sum(pid == workers[0].pid for _, pid in lines(log)) < 5 and workers[0].is_alive():
        time.sleep(0.002)
    os.kill(workers[0].pid, signal.SIGKILL)
    workers[0].join()
    killed.set()
    workers[1].join()
    assert workers[1].exitcode == 0
    trials = opened(tmp_path, url)
    records = trials.scored()
    assert len(records) == len({record.arch for record in records}) == most
    assert trials.unfinished() == 0
    assert {number for number, _ in lines(log)} == set(range(most)), "nothing is lost"
    again = [number for number, _ in lines(log)]
    assert len(again) - len(set(again)) <= 2, "only what the killed one had in hand was scored again"
    for number in {n for n in again if again.count(n) > 1}:
        assert (number, workers[0].pid) in lines(log)
    assert not list((tmp_path / module.WORKERS).glob("*"))


def test_killed_alone_and_resumed_is_the_same_as_never_killed(tmp_path):
    context, log = multiprocessing.get_context("fork"), tmp_path / "log"
    for notes in (3, 11, 20, 999):
        worker = context.Process(target=_slow, args=(tmp_path, None, 30, log))
        worker.start()
        while len(lines(log)) < notes and worker.is_alive():
            time.sleep(0.001)
        if worker.is_alive():
            os.kill(worker.pid, signal.SIGKILL)
        worker.join()
    assert opened(tmp_path).scored() == explored(GENETIC, NESTED, score, 30, Streams(0), 2)


def test_folders_that_share_a_database(tmp_path, monkeypatch):
    """What a worker of another folder took is left to it until its pulse stands still."""
    monkeypatch.setattr(module, "BEAT", 0.05)
    monkeypatch.setattr(module, "SILENCE", 0.5)
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    for name in "ab":
        (tmp_path / name).mkdir()
    one, other = (opened(tmp_path / name, url, space=SMALL) for name in "ab")
    with other.working():
        with one.working():
            first = one.take(4, 12, propose(Random(), SMALL))
            end = time.monotonic() + 1.0
            while time.monotonic() < end:
                assert not set(other.take(9, 4, propose(Random(), SMALL))) & set(first)
        end = time.monotonic() + 20
        taken = []
        while len(taken) < 4 and time.monotonic() < end:
            taken += other.take(9, 4, propose(Random(), SMALL))
        assert sorted(taken) == sorted(first)


def test_what_two_folders_take_at_once_counts_once(tmp_path):
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    for name in "ab":
        (tmp_path / name).mkdir()
    one, other = (opened(tmp_path / name, url, space=SMALL) for name in "ab")
    asked = []

    def at_the_same_moment(history, n):
        if not asked:
            asked.extend(other.take(n, 12, propose(Random(), SMALL)))
        return proposed(Random(), SMALL, Streams(0), history, n)

    mine = one.take(3, 12, at_the_same_moment)
    assert mine == []
    assert len(asked) == one.unfinished() == 3
    assert len(one.take(3, 12, propose(Random(), SMALL))) == 3
    assert len(one.history()) == 6
