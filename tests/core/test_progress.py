"""Progress and schedules against their formulas."""

from __future__ import annotations

import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapless.core import ByStage, Cosine, Linear, Progress, at
from gapless.core.errors import UnknownName

from .strategies import EXAMPLES

FINITE = st.floats(-1e3, 1e3)


@EXAMPLES
@given(st.integers(0, 500), st.integers(1, 500), st.integers(0, 50), st.integers(1, 50))
def test_fractions(step: int, steps: int, epoch: int, epochs: int) -> None:
    progress = Progress(step, steps, epoch, epochs)
    assert progress.fraction() == progress.fraction("step") == min(step / steps, 1)
    assert progress.fraction("epoch") == min(epoch / epochs, 1)


def test_a_stage_of_nothing_does_not_divide_by_zero() -> None:
    assert Progress(0, 0, 0, 0).fraction() == Progress(0, 0, 0, 0).fraction("epoch") == 0


@EXAMPLES
@given(FINITE, FINITE, st.integers(0, 100))
def test_linear(start: float, end: float, step: int) -> None:
    by_step, by_epoch = Progress(step, 100, 0, 1), Progress(0, 1, step, 100)
    expected = pytest.approx(start + (end - start) * step / 100, abs=1e-9)
    assert at(Linear(start, end), by_step) == expected
    assert at(Linear(start, end, "epoch"), by_epoch) == expected
    assert at(Linear(start, end), by_epoch) == start


@EXAMPLES
@given(FINITE, FINITE, st.integers(0, 100))
def test_cosine(start: float, end: float, epoch: int) -> None:
    by_epoch, by_step = Progress(0, 1, epoch, 100), Progress(epoch, 100, 0, 1)
    expected = pytest.approx(end + 0.5 * (start - end) * (1 + math.cos(math.pi * epoch / 100)), abs=1e-9)
    assert at(Cosine(start, end), by_epoch) == expected
    assert at(Cosine(start, end, "step"), by_step) == expected
    assert at(Cosine(start, end), by_step) == pytest.approx(start)


def test_cosine_by_hand() -> None:
    rates = [at(Cosine(0.025, 0.001), Progress(epoch=epoch, epochs=4)) for epoch in range(5)]
    assert rates == pytest.approx([0.025, 0.0214852814, 0.013, 0.0045147186, 0.001])


@pytest.mark.parametrize("value", [0.5, 3, "text", None, (0.9, 0.999)])
def test_a_constant_is_itself(value: object) -> None:
    assert at(value, Progress(3, 10)) is value


def test_any_function_of_progress_is_a_schedule() -> None:
    assert at(lambda progress: progress.epoch >= 2, Progress(epoch=2, epochs=5)) is True
    assert at(lambda progress: progress.stage, Progress(stage=1)) == 1


@pytest.mark.parametrize("schedule", [Linear, Cosine])
def test_a_misspelt_unit_is_refused(schedule: type[Linear] | type[Cosine]) -> None:
    with pytest.raises(UnknownName, match="did you mean 'epoch'"):
        schedule(1.0, 0.0, "epochs")


def test_schedules_are_values() -> None:
    assert pickle.loads(pickle.dumps(Cosine(1.0))) == Cosine(1.0, 0.0) != Cosine(1.0, 0.1)
    assert hash(Linear(0, 1)) == hash(Linear(0, 1))


def test_a_schedule_for_each_stage() -> None:
    schedule = ByStage((Linear(1.0, 0.0), 0.5))
    assert [schedule(Progress(1, 4, stage=stage)) for stage in (0, 1, 2)] == [0.75, 0.5, 0.5]
