"""A sampler of Optuna as an explorer."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna.trial import TrialState, create_trial

from gapless.core import Arch, Space
from gapless.core.errors import BadValue, UnknownName
from gapless.core.record import Record
from gapless.explore.contract import WORST, check_count, worth
from gapless.explore.random import filled
from gapless.study.parameters import Parameters

SHORT: Mapping[str, str] = {
    "cmaes": "CmaEsSampler", "gp": "GPSampler", "nsga2": "NSGAIISampler",
    "nsga3": "NSGAIIISampler", "qmc": "QMCSampler", "random": "RandomSampler", "tpe": "TPESampler",
}  # fmt: skip
REPLAYED = ("CmaEsSampler", "NSGAIISampler", "NSGAIIISampler")
NUMERIC = ("CmaEsSampler", "QMCSampler")
TRIES = 20


@dataclass(frozen=True)
class Borrowed:
    """Proposes what a sampler of Optuna proposes, given the history as trials of a study in memory.

    Samplers that keep a population in the trials (CMA-ES, NSGA-II and -III) are asked for all of the
    history's trials again first, which takes as many calls as there are records; CMA-ES learns from what was
    scored, not from what it would have drawn. CMA-ES and QMC see whole numbers for choices, in the order of
    their options. What a sampler proposes a second time is told to it at once, with the known values, and
    costs no evaluation; after 20 of these a random architecture takes the place.

    Args:
        sampler: a class of ``optuna.samplers`` that takes a seed, see `known`.
        objectives: metrics to maximise and costs to minimise.
        batch: how many are proposed at once at most; those of one call do not know each other's results.

    Raises:
        BadValue: no objective, or a batch below 1.
    """

    sampler: str
    objectives: tuple[str, ...] = ("accuracy",)
    batch: int = 1

    def __post_init__(self) -> None:
        if not self.objectives or self.batch < 1:
            raise BadValue(
                expected="at least one objective and a batch >= 1",
                got=f"{len(self.objectives)} objectives, a batch of {self.batch}",
                do="name 'accuracy', and leave batch at 1",
            )

    def ask(self, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int) -> list[Arch]:
        """See `gapless.explore.contract.Explorer.ask`."""
        check_count(n)
        parameters = Parameters(space, self.sampler in NUMERIC)
        values = {record.arch: self._values(record) for record in history if record.arch in space}
        seed = int(rng.integers(2**31))
        with quiet():
            study = self._study(values, parameters, seed)

            def proposed(place: int, seen: Set[Arch]) -> Arch | None:
                for _ in range(TRIES):
                    trial = study.ask()
                    arch = parameters.suggest(trial)
                    if arch not in seen:
                        return arch
                    known = values.get(arch)
                    study.tell(trial, known, TrialState.COMPLETE if known else TrialState.FAIL)
                return None

            return filled(min(n, self.batch), proposed, history, space, rng)

    def _values(self, record: Record) -> list[float] | None:
        """None where one of them is no number."""
        found = [worth(record, objective) for objective in self.objectives]
        return None if WORST in found else found

    def _study(
        self, values: Mapping[Arch, list[float] | None], parameters: Parameters, seed: int
    ) -> optuna.Study:
        directions: list[Any] = ["maximize"] * len(self.objectives)
        study = optuna.create_study(sampler=self._sampler(0), directions=directions)
        for arch, found in values.items():
            params = parameters.params(arch)
            state = TrialState.COMPLETE if found else TrialState.FAIL
            if self.sampler in REPLAYED:
                study.enqueue_trial(params)
                trial = study.ask()
                _ = trial.relative_params  # the sampler notes in the trial what it is part of
                parameters.suggest(trial)
                study.tell(trial, found, state)
                continue
            there = {name: parameters.distributions[name] for name in params}
            study.add_trial(create_trial(state=state, params=params, distributions=there, values=found))
        study.sampler = self._sampler(seed)
        return study

    def _sampler(self, seed: int) -> optuna.samplers.BaseSampler:
        more: dict[str, Any] = {"warn_independent_sampling": False} if self.sampler in NUMERIC else {}
        made: optuna.samplers.BaseSampler = getattr(optuna.samplers, self.sampler)(seed=seed, **more)
        return made


def known(name: str) -> str:
    """The class of ``optuna.samplers`` that a short name or its own name stands for.

    Raises:
        UnknownName: there is none that can be made from a seed alone.
    """
    name = SHORT.get(name, name)
    made = getattr(optuna.samplers, name, None)
    if inspect.isclass(made) and issubclass(made, optuna.samplers.BaseSampler):
        taken = inspect.signature(made).parameters
        needed = {key for key, one in taken.items() if one.default is inspect.Parameter.empty}
        if "seed" in taken and not needed and name != "BruteForceSampler":  # it stops its study by itself
            return name
    raise UnknownName("sampler of Optuna", name, SHORT)


@contextmanager
def quiet() -> Iterator[None]:
    """Within, Optuna says nothing of new studies and experimental parts."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)
