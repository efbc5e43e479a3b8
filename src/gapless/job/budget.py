"""A budget of time: how many epochs fit, measured before the search begins."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from gapless.core.errors import BadValue
from gapless.engine.run import Run
from gapless.evaluate.standalone import Trainee
from gapless.job.alone import ALL
from gapless.job.limits import buildable, refusing_memory_errors
from gapless.job.plan import Plan, plan
from gapless.job.request import seconds, spoken
from gapless.nets.seeded import seeded
from gapless.spaces.contract import subnet

SEARCH_SHARE = 0.5
TIMED = 3
SLACK = 1.1
"""The least time that a refusal names is this much more, for the next measurement is another."""


@dataclass(frozen=True)
class Cost:
    """Seconds that one epoch takes here: of the search, and of one training."""

    search: float
    training: float


def within(planned: Plan, budget: str) -> Plan:
    """The same plan with as many epochs of search and of training as fit into the budget, measured here.

    Args:
        budget: a time such as ``10m``.

    Raises:
        BadValue: not a time, or less than one epoch of every stage and of every training needs; networks
            that cannot be built or do not fit into memory.
    """
    seconds(budget)
    return fitted(planned, budget, measured(planned))


def measured(planned: Plan) -> Cost:
    """Time a few steps of the search and of one training.

    Raises:
        BadValue: networks that cannot be built or do not fit into memory.
    """
    buildable(planned.space, planned.preset, planned.data.shape, planned.search_shapes)
    with refusing_memory_errors():
        return Cost(_epoch_of_search(planned), _epoch_of_training(planned) if _trainings(planned) else 0.0)


def fitted(planned: Plan, budget: str, cost: Cost) -> Plan:
    """The same plan with as many epochs as fit into the budget when an epoch costs what `cost` says.

    Half of the time goes to the search (its evaluations left out of the estimate), half to the trainings
    of the found and the random architectures. The numbers become part of the request, so a resume does
    not measure again.

    Raises:
        BadValue: not a time, or less than one epoch of every stage and of every training needs.
    """
    limit, request = seconds(budget), planned.request
    trainings, stages, sets = _trainings(planned), len(planned.recipe.stages), request.sets
    share = SEARCH_SHARE if trainings else 1.0
    per_epoch = cost.search / share
    each = trainings * cost.training / (1 - share) if trainings else 0.0
    if limit < max(stages * per_epoch, each):
        raise BadValue(
            expected=f"a budget of at least {spoken(SLACK * max(stages * per_epoch, each))} on this machine, "
            "for one epoch of every stage and of every training",
            got=f"'{budget}'",
            do="raise --budget, or lower --seeds, --archs or the sizes of the networks",
        )
    epochs = max(stages, min(planned.recipe.epochs, int(limit / per_epoch)))
    if trainings:
        fit = max(1, min(planned.preset.training.epochs, int(limit / each)))
        sets = (*sets, ("training.epochs", str(fit)))
    return plan(replace(request, epochs=epochs, sets=sets))


def _trainings(planned: Plan) -> int:
    request = planned.request
    return (request.seeds + request.archs * request.audit) if request.retrain else 0


def _epoch_of_search(planned: Plan) -> float:
    run = Run(
        planned.recipe, planned.space, planned.preset.search, planned.data, planned.streams, planned.device
    )
    return _seconds_a_step(run.step) * planned.data.steps(planned.recipe.learns_from, planned.recipe.batch)


def _epoch_of_training(planned: Plan) -> float:
    arch = planned.space.choices.sample(planned.streams.generator("budget"))
    with seeded(0):
        net = subnet(planned.space, arch, planned.preset.deploy, planned.data.shape)
    training = planned.preset.training
    trainee = Trainee(net, training, planned.data, ALL, planned.streams, planned.device)
    return _seconds_a_step(trainee.step) * planned.data.steps(ALL, training.batch)


def _seconds_a_step(step: Callable[[], None]) -> float:
    step()
    started = time.perf_counter()
    for _ in range(TIMED):
        step()
    return (time.perf_counter() - started) / TIMED
