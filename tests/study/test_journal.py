"""The journal: whole lines, many at once, one writer at a time."""

import multiprocessing

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from gapless.study.borrowed import quiet
from gapless.study.journal import Journal, _whole


def test_lines_are_read_from_any_number(tmp_path):
    journal = Journal(tmp_path / "j")
    logs = [{"n": i} for i in range(10)]
    for log in logs[:5]:
        journal.append_logs([log])
    journal.append_logs(logs[5:])
    assert list(journal.read_logs(0)) == logs
    assert list(journal.read_logs(7)) == logs[7:]
    assert list(journal.read_logs(3)) == logs[3:]
    assert list(journal.read_logs(10)) == []


def test_a_batch_is_one_write(tmp_path):
    journal, other = Journal(tmp_path / "j"), Journal(tmp_path / "j")
    journal.append_logs([{"n": 0}])
    with journal.batch(), journal.batch():
        journal.append_logs([{"n": 1}])
        journal.append_logs([{"n": 2}])
        assert [log["n"] for log in journal.read_logs(1)] == [1, 2]
        assert [log["n"] for log in other.read_logs(0)] == [0]
    assert [log["n"] for log in other.read_logs(1)] == [1, 2]
    assert [log["n"] for log in journal.read_logs(0)] == [0, 1, 2]


def test_a_batch_that_fails_leaves_nothing(tmp_path):
    journal = Journal(tmp_path / "j")

    def fails():
        with journal.batch():
            journal.append_logs([{"n": 1}])
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert list(Journal(tmp_path / "j").read_logs(0)) == []


@pytest.mark.parametrize("tail", [b'{"n": 9', b"x", b'{"n": 9, "long": "' + b"y" * 200_000])
def test_a_line_that_was_cut_short(tail, tmp_path):
    path = tmp_path / "j"
    Journal(path).append_logs([{"n": 0}, {"n": 1}])
    with path.open("ab") as file:
        file.write(tail)
    journal = Journal(path)
    assert [log["n"] for log in journal.read_logs(0)] == [0, 1]
    journal.append_logs([{"n": 2}])
    assert [log["n"] for log in journal.read_logs(0)] == [0, 1, 2]
    assert path.read_bytes().count(b"\n") == 3


def test_the_whole_part_of_a_file(tmp_path):
    path = tmp_path / "j"
    for content, end in ((b"", 0), (b"abc", 0), (b"a\n", 2), (b"a\nb", 2), (b"a\nbb\n" + b"c" * 50, 5)):
        path.write_bytes(content)
        with path.open("rb") as file:
            assert [_whole(file, step) for step in (1, 3, 1000)] == [end] * 3


def test_optuna_reads_what_was_written(tmp_path):
    journal = Journal(tmp_path / "j")
    with quiet():
        study = optuna.create_study(storage=JournalStorage(journal), study_name="s")
        with journal.batch():
            for value in range(5):
                trial = study.ask()
                trial.suggest_float("x", 0, 1)
                study.tell(trial, value)
        backend = JournalFileBackend(str(tmp_path / "j"))
        again = optuna.load_study(storage=JournalStorage(backend), study_name="s")
        assert [trial.value for trial in again.trials] == [0, 1, 2, 3, 4]
        assert [trial.params for trial in again.trials] == [trial.params for trial in study.trials]


def _append(path, who):
    journal = Journal(path)
    for i in range(20):
        with journal.batch():
            journal.append_logs([{"who": who, "i": i}])
            journal.append_logs([{"who": who, "i": i}])


def test_two_processes_write(tmp_path):
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_append, args=(tmp_path / "j", who)) for who in (0, 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    logs = list(Journal(tmp_path / "j").read_logs(0))
    assert len(logs) == 80
    assert all(one == other for one, other in zip(logs[::2], logs[1::2], strict=True)), "batches are whole"
