"""A budget of time: how many epochs fit, measured before the search begins."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from gapless.engine.run import Run
from gapless.evaluate.standalone import Trainee
from gapless.job.plan import Plan, plan
from gapless.job.request import seconds
from gapless.job.work import ALL
from gapless.nets.seeded import seeded
from gapless.spaces.contract import subnet

SEARCH_SHARE = 0.5
TIMED = 3


def within(planned: Plan, budget: str) -> Plan:
    """The same plan with as many epochs of search and of training as fit into the budget.

    Half of the time goes to the search (its evaluations left out of the estimate), half to the trainings
    of the found and the random architectures. The numbers become part of the request, so a resume does
    not measure again.

    Args:
        budget: a time such as ``10m``.

    Raises:
        BadValue: not a time.
    """
    limit, request = seconds(budget), planned.request
    run = Run(
        planned.recipe, planned.space, planned.preset.search, planned.data, planned.streams, planned.device
    )
    per_epoch = _seconds_a_step(run.step) * planned.data.steps("train", planned.recipe.batch)
    trainings = (request.seeds + request.archs * request.audit) if request.retrain else 0
    share = SEARCH_SHARE if trainings else 1.0
    epochs = max(len(planned.recipe.stages), min(planned.recipe.epochs, int(share * limit / per_epoch)))
    sets = request.sets
    if trainings:
        arch = planned.space.choices.sample(planned.streams.generator("budget"))
        with seeded(0):
            net = subnet(planned.space, arch, planned.preset.deploy, planned.data.shape)
        training = planned.preset.training
        trainee = Trainee(net, training, planned.data, ALL, planned.streams, planned.device)
        each = _seconds_a_step(trainee.step) * planned.data.steps(ALL, training.batch)
        fit = int((1 - share) * limit / (each * trainings))
        sets = (*sets, ("training.epochs", str(max(1, min(training.epochs, fit)))))
    return plan(replace(request, epochs=epochs, sets=sets))


def _seconds_a_step(step: Callable[[], None]) -> float:
    step()
    started = time.perf_counter()
    for _ in range(TIMED):
        step()
    return (time.perf_counter() - started) / TIMED
