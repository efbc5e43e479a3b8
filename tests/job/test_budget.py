"""A budget of time becomes epochs, which become part of the request."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.job.tiny import SETTINGS

from gapless.core.errors import BadValue
from gapless.job.budget import within
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


def test_little_time_is_little_work() -> None:
    whole = planned()
    few = within(whole, "0.3s")
    assert 1 <= epochs(few)[0] < epochs(whole)[0]
    assert 1 <= epochs(few)[1] < epochs(whole)[1]


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
    few = within(planned(), "0.3s")
    again = plan(few.request)
    assert epochs(again) == epochs(few)
    assert again.fingerprint == few.fingerprint
    assert few.request.epochs == few.recipe.epochs


def test_without_trainings_all_time_is_the_searchs() -> None:
    few = within(planned(retrain=False), "0.3s")
    assert few.preset.training == planned().preset.training
    assert few.request.sets == planned().request.sets


def test_not_a_time() -> None:
    with pytest.raises(BadValue, match="10m"):
        within(planned(), "soon")
