"""Trainings as values."""

from __future__ import annotations

import pytest

from gapless.core.errors import BadValue
from gapless.core.training import Optim, Training


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"epochs": -3}, {"batch": 1}])
def test_a_training_of_nothing_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(BadValue, match="at least 1 epoch and a batch of at least 2 images"):
        Training(**wrong)


def test_trainings_are_values() -> None:
    assert Training(epochs=1, batch=2) == Training(1, 2, Optim()) != Training(1, 2, Optim(lr=0.1))
    assert hash(Training()) == hash(Training())
