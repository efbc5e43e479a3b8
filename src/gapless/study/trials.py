"""Trials: the records of an exploration in an Optuna study, shared by any number of processes.

    RUNNING    somebody scores it; the attribute ``worker`` says who
    COMPLETE   scored
    FAIL       scored, with a result that is no number

What is scored next is decided in one place, `Trials.take`: by one process of a folder at a time, from all
trials there are, in their order. A worker holds a lock file as long as it lives, so what a killed one had
taken is known at once and is taken over under its old number: nothing is lost and nothing is scored twice.
Several folders, on several machines, may share a database: what two of them took at the same moment counts
once, and a worker of another folder is given up when its pulse in the database stands still. Parameters,
values and attributes are plain: Optuna's dashboard shows them.
"""

from __future__ import annotations

import math
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock, Timeout
from optuna.storages import BaseStorage, JournalStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from gapless.core import Arch, Space
from gapless.core.errors import BadValue
from gapless.core.record import PENDING, Record
from gapless.explore.contract import worth
from gapless.study.borrowed import quiet
from gapless.study.journal import Journal
from gapless.study.parameters import Parameters

FILE, WORKERS, LOCK = "trials.log", "workers", "trials.lock"
WORKER, FOLDER, KEY, SECONDS, PROVENANCE = "worker", "folder", "key", "seconds", "provenance"
METRIC, COST, PULSE = "metric ", "cost ", "pulse "
BEAT, SILENCE = 10.0, 60.0
"""Seconds between two beats of a worker's pulse, and without one until it is given up."""

Propose = Callable[[Sequence[Record], int], Sequence[Arch]]


@dataclass
class Trials:
    """The trials of one run folder, as one worker sees them.

    Args:
        folder: of the run; all workers share it.
        space: the architectures are of.
        objectives: ``accuracy``, to be maximised, and costs, to be minimised: the values of a trial.
        name: of the study.
        url: any storage of Optuna; None for a journal in the folder.
        text: how an architecture is written for people.

    Raises:
        BadValue: the storage cannot be opened.
    """

    folder: Path
    space: Space
    objectives: tuple[str, ...]
    name: str
    url: str | None = None
    text: Callable[[Arch], str] = str
    _known: dict[int, Record] = field(default_factory=dict)
    _pulses: dict[str, tuple[Any, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.parameters = Parameters(self.space)
        self.worker = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._place = f"{socket.gethostname()}:{self.folder.resolve()}"
        self._lock = FileLock(self.folder / LOCK)
        self._journal = Journal(self.folder / FILE) if self.url is None else None
        directions: list[Any] = ["maximize" if name == "accuracy" else "minimize" for name in self.objectives]
        with quiet():
            self.storage = JournalStorage(self._journal) if self._journal else database(str(self.url))
            with self._alone():
                known = self.name in optuna.get_all_study_names(self.storage)
                settings = {} if known else {"directions": directions}
                begun: Any = optuna.load_study if known else optuna.create_study
                self.study = begun(storage=self.storage, study_name=self.name, **settings)
        self._id = self.storage.get_study_id_from_name(self.name)

    # -- what there is ----------------------------------------------------------------------------

    def scored(self) -> list[Record]:
        """Records of all that was scored, in the order in which it was taken."""
        return [self._record(trial) for trial in self._all() if trial.state.is_finished()]

    def unfinished(self) -> int:
        """How many are being scored."""
        return sum(not trial.state.is_finished() for trial in self._all())

    def history(self) -> list[Record]:
        """Every trial in order; what is being scored has numbers that are none."""
        return self._history(self._all())

    # -- working ----------------------------------------------------------------------------------

    @contextmanager
    def working(self) -> Iterator[None]:
        """Within, others see that this worker is alive."""
        (self.folder / WORKERS).mkdir(exist_ok=True)
        path = self.folder / WORKERS / self.worker
        with FileLock(path), self._beating():
            yield
        path.unlink(missing_ok=True)

    @contextmanager
    def _beating(self) -> Iterator[None]:
        """Within, a pulse goes on where folders share a database."""
        over = threading.Event()

        def beat() -> None:
            number = 0
            while not over.is_set():
                self.storage.set_study_user_attr(self._id, PULSE + self.worker, number)
                number += 1
                over.wait(BEAT)

        heart = threading.Thread(target=beat, daemon=True)
        if self._journal is None:
            heart.start()
        try:
            yield
        finally:
            over.set()
            if self._journal is None:
                heart.join()

    def take(self, n: int, most: int, propose: Propose) -> list[tuple[int, Arch]]:
        """Numbers and architectures that this worker is to score, at most ``n``.

        Those that a worker left behind come first; then new ones, up to ``most`` trials in all. None where
        nothing is left to do.
        """
        with self._alone():
            trials = self._all()
            left = [trial for trial in trials if not trial.state.is_finished() and self._left(trial)][:n]
            for trial in left:
                for name, value in ((WORKER, self.worker), (FOLDER, self._place)):
                    self.storage.set_trial_user_attr(self._trial(trial.number), name, value)
            if left or len(trials) >= most:
                return [(trial.number, self.parameters.arch(trial.params)) for trial in left]
            archs = propose(self._history(trials), min(n, most - len(trials)))
            return self._counted([(self._create(arch), arch) for arch in archs], most)

    def _counted(self, made: list[tuple[int, Arch]], most: int) -> list[tuple[int, Arch]]:
        """Without those that another folder took a moment before, and those beyond the last."""
        if self._journal is not None:
            return made
        counted = {trial.number for trial in self._all()[:most]}
        for number in (number for number, _ in made if number not in counted):
            self.storage.set_trial_state_values(self._trial(number), TrialState.FAIL)
        return [pair for pair in made if pair[0] in counted]

    def tell(self, found: Mapping[int, Record]) -> None:
        """Stores the records of trials that were taken.

        Raises:
            BadValue: a record lacks an objective.
        """
        with self._alone():
            for number, record in found.items():
                trial, state = self._trial(number), self._state(record)
                for name, value in self._attributes(record).items():
                    self.storage.set_trial_user_attr(trial, name, value)
                self.storage.set_trial_state_values(trial, state, self._values(record, state))

    def at_once(
        self, n: int, most: int, propose: Propose, score: Callable[[Sequence[Arch]], Sequence[Record]]
    ) -> int:
        """`take`, score and `tell` in one write, for scores that take no time; how many were scored."""
        with self._alone():
            trials = self._all()
            room = min(n, most - len(trials))
            records = score(propose(self._history(trials), room)) if room > 0 else []
            for record in records:
                self._create(record.arch, record)
            return len(records)

    # -- trials of Optuna -------------------------------------------------------------------------

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Within, no other worker decides or writes, and all that is written is written at once."""
        with self._lock if self._journal is None else self._journal.batch():
            yield

    def _all(self) -> Sequence[FrozenTrial]:
        """One an architecture: the first."""
        found: dict[Any, FrozenTrial] = {}
        for trial in self.storage.get_all_trials(self._id, deepcopy=False):
            if KEY in trial.user_attrs:  # no trial of somebody else
                found.setdefault(trial.user_attrs[KEY], trial)
        return list(found.values())

    def _trial(self, number: int) -> int:
        return self.storage.get_trial_id_from_study_id_trial_number(self._id, number)

    def _left(self, trial: FrozenTrial) -> bool:
        """Whether nobody is at work on a trial."""
        worker = str(trial.user_attrs[WORKER])
        if self._journal is None and trial.user_attrs[FOLDER] != self._place:
            return self._silent(worker)
        path = self.folder / WORKERS / worker
        if worker == self.worker or not path.is_file():
            return worker != self.worker
        try:
            with FileLock(path, timeout=0):
                path.unlink()
        except Timeout:
            return False
        return True

    def _silent(self, worker: str) -> bool:
        """Whether the pulse of a worker of another folder stood still for as long as this one looks on."""
        now, beat = time.monotonic(), self.storage.get_study_user_attrs(self._id).get(PULSE + worker)
        if worker not in self._pulses or self._pulses[worker][0] != beat:
            self._pulses[worker] = (beat, now)
        return now - self._pulses[worker][1] > SILENCE

    def _create(self, arch: Arch, record: Record | None = None) -> int:
        params = self.parameters.params(arch)
        state = TrialState.RUNNING if record is None else self._state(record)
        attributes = {} if record is None else self._attributes(record)
        trial = create_trial(
            state=state,
            values=None if record is None else self._values(record, state),
            params=params,
            distributions={name: self.parameters.distributions[name] for name in params},
            user_attrs={
                "architecture": self.text(arch), KEY: arch.key, WORKER: self.worker, FOLDER: self._place,
                **attributes,
            },
        )  # fmt: skip
        if record is None:
            trial.datetime_start = datetime.now(UTC)
        number = self.storage.get_trial_number_from_id(self.storage.create_new_trial(self._id, trial))
        if record is not None:
            self._known[number] = record
        return number

    def _state(self, record: Record) -> TrialState:
        finite = all(math.isfinite(value) for value in self._plain(record))
        return TrialState.COMPLETE if finite else TrialState.FAIL

    def _values(self, record: Record, state: TrialState) -> list[float] | None:
        return self._plain(record) if state == TrialState.COMPLETE else None

    def _plain(self, record: Record) -> list[float]:
        for objective in self.objectives:
            worth(record, objective)  # refuses a record without it
        return [float({**record.cost, **record.metrics}[name]) for name in self.objectives]

    def _attributes(self, record: Record) -> dict[str, Any]:
        found: dict[str, Any] = {METRIC + name: value for name, value in record.metrics.items()}
        found |= {COST + name: value for name, value in record.cost.items()}
        found = {name: value if math.isfinite(value) else str(value) for name, value in found.items()}
        return found | {SECONDS: record.seconds, PROVENANCE: record.provenance}

    def _record(self, trial: FrozenTrial) -> Record:
        if trial.number not in self._known:
            attributes = trial.user_attrs
            metrics, cost = (
                {k.removeprefix(kind): float(v) for k, v in attributes.items() if k.startswith(kind)}
                for kind in (METRIC, COST)
            )
            self._known[trial.number] = Record(
                self.parameters.arch(trial.params), metrics or {"accuracy": math.nan}, cost,
                float(attributes.get(SECONDS, 0.0)), str(attributes.get(PROVENANCE, "")),
            )  # fmt: skip
        return self._known[trial.number]

    def _history(self, trials: Sequence[FrozenTrial]) -> list[Record]:
        example = next((self._record(t) for t in trials if t.state == TrialState.COMPLETE), None)
        cost = dict.fromkeys((o for o in self.objectives if o != "accuracy"), math.nan)
        metrics = {"accuracy": math.nan}
        if example is not None:
            metrics, cost = dict.fromkeys(example.metrics, math.nan), dict.fromkeys(example.cost, math.nan)
        return [
            self._record(trial) if trial.state.is_finished()
            else Record(self.parameters.arch(trial.params), metrics, cost, provenance=PENDING)
            for trial in trials
        ]  # fmt: skip


def database(url: str) -> BaseStorage:
    """The storage of Optuna at an address.

    Raises:
        BadValue: it cannot be opened.
    """
    try:
        return optuna.storages.get_storage(url)
    except Exception as error:
        raise BadValue(
            expected="--storage with the address of an Optuna storage",
            got=f"'{url}', {type(error).__name__}: {str(error).splitlines()[0]}",
            do="e.g. --storage sqlite:///trials.db, or leave it out for a journal in the run folder",
        ) from error
