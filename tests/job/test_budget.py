"""A budget of time becomes epochs, which become part of the request."""

from __future__ import annotations

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
    few = within(whole, "0.05s")
    assert 1 <= epochs(few)[0] < epochs(whole)[0]
    assert 1 <= epochs(few)[1] < epochs(whole)[1]
    assert epochs(within(whole, "0.001s")) == (1, 1)


def test_the_request_asks_for_what_was_measured() -> None:
    few = within(planned(), "0.05s")
    again = plan(few.request)
    assert epochs(again) == epochs(few)
    assert again.fingerprint == few.fingerprint
    assert few.request.epochs == few.recipe.epochs


def test_without_trainings_all_time_is_the_searchs() -> None:
    few = within(planned(retrain=False), "0.05s")
    assert few.preset.training == planned().preset.training
    assert few.request.sets == planned().request.sets


def test_not_a_time() -> None:
    with pytest.raises(BadValue, match="10m"):
        within(planned(), "soon")
