"""An explorer as a sampler of Optuna.

study = optuna.create_study(sampler=ExplorerSampler(Genetic(), space), direction="maximize")
study.optimize(lambda trial: score(suggest(trial, space)), n_trials=100)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial, Trial

from gapless.core import Arch, Space, Streams
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.explore.contract import Explorer
from gapless.study.explorers import objectives
from gapless.study.parameters import Parameters


def suggest(trial: Trial, space: Space) -> Arch:
    """The architecture of a trial, whatever its sampler."""
    return Parameters(space).suggest(trial)


class ExplorerSampler(BaseSampler):
    """Proposes what an explorer proposes, one at a time; all state is in the trials.

    The history is every earlier trial of the study, in order; those that are running or failed have numbers
    that are none. Values are the explorer's objectives in their order: a metric where the direction is to
    maximise, a cost where it is to minimise. Parameters that are no choice of the space are drawn at random.

    Args:
        explorer: who proposes.
        space: the architectures, as `suggest` gives them.
        seed: all random numbers follow from it.
    """

    def __init__(self, explorer: Explorer, space: Space, seed: int = 0) -> None:
        self.explorer, self.space, self.streams = explorer, space, Streams(seed)
        self.names, self.parameters = objectives(explorer), Parameters(space)
        self._others = RandomSampler(seed=seed)
        self._known: dict[int, Record] = {}

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return self.parameters.distributions

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Raises:
        BadValue: values that are not the explorer's objectives, or nothing new is left to propose.
        """
        if len(study.directions) != len(self.names):
            raise BadValue(
                expected=f"a study of {len(self.names)} values: {', '.join(self.names)}",
                got=f"{len(study.directions)}",
                do="give create_study that many directions",
            )
        trials = [other for other in study.get_trials(deepcopy=False) if other.number < trial.number]
        history = [record for record in (self._record(study, one) for one in trials) if record]
        asked = self.explorer.ask(history, self.space, self.streams.generator("explore", trial.number), 1)
        if not asked:
            raise BadValue(
                expected="an architecture that was not scored yet",
                got=f"none of {self.space.size():,} left",
                do="ask for fewer trials",
            )
        return self.parameters.params(asked[0])

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._others.sample_independent(study, trial, param_name, param_distribution)

    def reseed_rng(self) -> None:
        """Nothing: proposals depend on the trials that there are."""

    def _record(self, study: optuna.Study, trial: FrozenTrial) -> Record | None:
        """None of a trial that has not asked for an architecture."""
        if trial.number not in self._known:
            try:
                arch = self.parameters.arch(trial.params)
            except BadValue:
                return None
            record = self._scored(arch, study, trial.values or [math.nan] * len(self.names))
            if not trial.state.is_finished():
                return record
            self._known[trial.number] = record
        return self._known[trial.number]

    def _scored(self, arch: Arch, study: optuna.Study, values: Sequence[float]) -> Record:
        named = list(zip(self.names, values, study.directions, strict=True))
        up = optuna.study.StudyDirection.MAXIMIZE
        metrics = {name: value for name, value, way in named if way == up}
        costs = {name: value for name, value, way in named if way != up}
        return Record(arch, metrics, costs, provenance="optuna")
