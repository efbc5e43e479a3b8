"""A budget of time: how many epochs and evaluations fit, measured before the search begins."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import torch

from gapless.core.errors import BadValue
from gapless.engine.loop import evaluate
from gapless.engine.run import Run, Use
from gapless.evaluate.standalone import Trainee
from gapless.job.alone import ALL
from gapless.job.limits import refusing_memory_errors
from gapless.job.plan import Plan, plan
from gapless.job.request import seconds, spoken
from gapless.nets.latency import waited
from gapless.nets.seeded import seeded
from gapless.spaces.contract import subnet

SEARCH_SHARE = 0.5
"""Of the time, where there are trainings."""
EVALUATION_SHARE = 0.5
"""Of the search, at most."""
TIMED = 3
SLACK = 1.1
"""The least time that a refusal names is this much more, for the next measurement is another."""


@dataclass(frozen=True)
class Cost:
    """Seconds that one epoch of the search, of one training, and one evaluation of the search take here."""

    search: float
    training: float
    evaluation: float = 0.0


def within(planned: Plan, budget: str) -> Plan:
    """The same plan with as many epochs and evaluations as fit into the budget, measured here.

    Args:
        budget: a time such as ``10m``.

    Raises:
        BadValue: not a time, or less than one epoch of every stage and of every training and one evaluation
            need; networks that cannot be built or do not fit into memory.
    """
    seconds(budget)
    return fitted(planned, budget, measured(planned))


def measured(planned: Plan) -> Cost:
    """Time a few steps and evaluations of the search, and a few steps of one training.

    Raises:
        BadValue: networks that cannot be built or do not fit into memory.
    """
    planned.buildable()
    with refusing_memory_errors():
        searching, evaluating = _search(planned)
        return Cost(searching, _epoch_of_training(planned) if _trainings(planned) else 0.0, evaluating)


def fitted(planned: Plan, budget: str, cost: Cost) -> Plan:
    """The same plan with as many epochs and evaluations as fit into the budget at what `cost` says.

    Half of the time goes to the search, half to the trainings of the found and the random architectures. Of
    the search's half its evaluations get half at most: where the recipe asks for more, as many as fit. The
    numbers become part of the request, so a resume does not measure again.

    Raises:
        BadValue: not a time, or less than one epoch of every stage and of every training and one evaluation
            need.
    """
    limit, request, select = seconds(budget), planned.request, planned.recipe.select
    trainings, stages, sets = _trainings(planned), len(planned.recipe.stages), request.sets
    share = SEARCH_SHARE if trainings else 1.0
    fewest = min(1, select.evaluations) if _adjustable(select) else select.evaluations
    least = max(
        (stages * cost.search + fewest * cost.evaluation) / share,
        trainings * cost.training / (1 - share) if trainings else 0.0,
    )
    if limit < least:
        raise BadValue(
            expected=f"a budget of at least {spoken(SLACK * least)} on this machine, for one epoch of every "
            "stage and of every training" + (" and for evaluations" if fewest else ""),
            got=f"'{budget}'",
            do="raise --budget, or lower --seeds, --archs or the sizes of the networks",
        )
    time_of_search, evaluations = limit * share, select.evaluations
    if fewest < evaluations and evaluations * cost.evaluation > EVALUATION_SHARE * time_of_search:
        evaluations = max(fewest, int(EVALUATION_SHARE * time_of_search / cost.evaluation))
        sets = (*sets, ("select.evaluations", str(evaluations)))
    rest = time_of_search - evaluations * cost.evaluation
    epochs = max(stages, min(planned.recipe.epochs, int(rest / cost.search)))
    if trainings:
        fit = int(limit * (1 - share) / (trainings * cost.training))
        sets = (*sets, ("training.epochs", str(max(1, min(planned.preset.training.epochs, fit)))))
    return plan(replace(request, epochs=epochs, sets=sets))


def _adjustable(select: Any) -> bool:
    """Whether the number of evaluations is a field."""
    return is_dataclass(select) and any(field.name == "evaluations" for field in fields(select))


def _trainings(planned: Plan) -> int:
    request = planned.request
    return (request.seeds + request.archs * request.audit) if request.retrain else 0


def _search(planned: Plan) -> tuple[float, float]:
    """Of an epoch and of an evaluation, by a run that is thrown away."""
    run = Run(
        planned.recipe, planned.space, planned.preset.search, planned.search_data, planned.streams,
        planned.device, Use(planned.preset.deploy, planned.data.shape),
    )  # fmt: skip
    step = _seconds_a_step(run.step, planned.device)
    epoch = step * planned.data.steps(planned.recipe.learns_from, planned.recipe.batch)
    select: Any = planned.recipe.select
    if select.evaluations and _adjustable(select):
        select = replace(select, evaluations=min(TIMED, select.evaluations))
    started = time.perf_counter()
    evaluate(run, select, min(TIMED, select.evaluations), lambda: None)
    return epoch, (time.perf_counter() - started) / len(run.history) if run.history else 0.0


def _epoch_of_training(planned: Plan) -> float:
    arch = planned.space.choices.sample(planned.streams.generator("budget"))
    with seeded(0):
        net = subnet(planned.space, arch, planned.preset.deploy, planned.data.shape)
    training = planned.preset.training
    trainee = Trainee(net, training, planned.data, ALL, planned.streams, planned.device)
    return _seconds_a_step(trainee.step, planned.device) * planned.data.steps(ALL, training.batch)


def _seconds_a_step(step: Callable[[], None], device: torch.device) -> float:
    step()
    waited(device)
    started = time.perf_counter()
    for _ in range(TIMED):
        step()
    waited(device)
    return (time.perf_counter() - started) / TIMED
