"""A budget of time becomes epochs, which become part of the request."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tests.job.tiny import SETTINGS

from gapless.core.errors import BadValue
from gapless.job import budget
from gapless.job.budget import Cost, fitted, measured, within
from gapless.job.plan import Plan, plan
from gapless.job.request import Request


def planned(**changes: bool) -> Plan:
    sets = tuple((k, str(v)) for k, v in SETTINGS.items() if k != "training.epochs")
    return plan(Request("darts", "digits", "darts", sets=sets, seeds=1, archs=1, **changes))


def epochs(found: Plan) -> tuple[int, int]:
    return found.recipe.epochs, found.preset.training.epochs


def test_more_time_is_never_more_than_the_preset() -> None:
    whole = planned()
    assert epochs(within(whole, "1000h")) == epochs(whole)


def test_an_epoch_of_both_is_measured() -> None:
    cost = measured(planned())
    assert cost.search > 0
    assert cost.training > 0
    assert measured(planned(retrain=False)).training == 0


def test_what_is_measured_is_the_search_that_will_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the images that it will see, which the recipe may make smaller."""
    seen = []
    monkeypatch.setattr(budget, "_seconds_a_step", lambda step, device: seen.append(step.__self__) or 1.0)
    whole = planned(retrain=False)
    smaller = replace(whole, recipe=replace(whole.recipe, side=4))
    measured(smaller)
    run = seen[0]
    assert run.data.shape == replace(whole.data.shape, height=4, width=4)
    assert run.use.image == whole.data.shape
    assert run.use.shape == whole.preset.deploy


def test_a_step_is_over_when_the_device_has_done_it(monkeypatch: pytest.MonkeyPatch) -> None:
    events = []
    monkeypatch.setattr(budget, "waited", lambda device: events.append(str(device)))
    assert budget._seconds_a_step(lambda: events.append("step"), torch.device("cuda")) > 0
    assert events == ["step", "cuda", *["step"] * budget.TIMED, "cuda"]


def test_half_of_the_time_is_the_searchs_and_half_the_trainings() -> None:
    """With one seed and one random architecture two trainings share the second half."""
    whole = planned()
    assert epochs(whole) == (12, 20)
    assert epochs(fitted(whole, "10s", Cost(search=1.0, training=0.5))) == (5, 5)
    assert epochs(fitted(whole, "10s", Cost(search=2.0, training=1.0))) == (2, 2)
    assert epochs(fitted(whole, "10s", Cost(search=0.1, training=2.5))) == (12, 1)
    assert epochs(fitted(whole, "10s", Cost(search=1e-3, training=1e-3))) == (12, 20)


def exploring() -> Plan:
    """A search that scores 20 sub-networks, and one training."""
    sets = {"data.limit": 60, "select.evaluations": 20, "select.evaluator.batches": 1, "search.channels": 4}
    request = Request(
        "chain", "digits", "spos", sets=tuple((k, str(v)) for k, v in sets.items()), seeds=1, archs=0
    )
    return plan(request)


def test_an_evaluation_is_measured() -> None:
    assert measured(planned()).evaluation == 0
    cost = measured(exploring())
    assert cost.evaluation > 0
    assert cost.search > 0


def test_evaluations_take_half_of_the_search_at_most() -> None:
    whole = exploring()
    epochs, cost = whole.recipe.epochs, Cost(search=1.0, training=1e-3, evaluation=0.5)
    many = fitted(whole, "1000s", cost)
    assert (many.recipe.epochs, many.recipe.select.evaluations) == (epochs, 20)
    few = fitted(whole, "16s", cost)
    assert (few.recipe.epochs, few.recipe.select.evaluations) == (4, 8)
    assert plan(few.request).fingerprint == few.fingerprint
    some = fitted(whole, "30s", replace(cost, evaluation=0.25))
    assert (some.recipe.epochs, some.recipe.select.evaluations) == (10, 20)
    with pytest.raises(BadValue, match=r"at least 4s .* and for evaluations"):
        fitted(whole, "2.9s", cost)


def test_less_than_one_epoch_of_everything_is_refused() -> None:
    with pytest.raises(
        BadValue, match=r"^expected a budget of at least [1-9][0-9]*s on this machine"
    ) as error:
        within(planned(), "0.0001s")
    assert "got '0.0001s'; raise --budget, or lower --seeds, --archs" in str(error.value)
    assert "\n" not in str(error.value)


def test_networks_that_do_not_fit_are_refused_before_they_are_timed() -> None:
    whole = planned()
    huge = replace(whole, preset=replace(whole.preset, deploy=replace(whole.preset.deploy, channels=100_000)))
    with pytest.raises(BadValue, match="fit into memory"):
        within(huge, "10m")


def test_the_request_asks_for_what_was_measured() -> None:
    few = fitted(planned(), "10s", Cost(search=1.0, training=0.5))
    again = plan(few.request)
    assert epochs(again) == epochs(few)
    assert again.fingerprint == few.fingerprint
    assert few.request.epochs == few.recipe.epochs


def test_without_trainings_all_time_is_the_searchs() -> None:
    few = fitted(planned(retrain=False), "10s", Cost(search=2.0, training=0.0))
    assert epochs(few)[0] == 5
    assert few.preset.training == planned().preset.training
    assert few.request.sets == planned().request.sets


def test_not_a_time() -> None:
    with pytest.raises(BadValue, match="10m"):
        within(planned(), "soon")
