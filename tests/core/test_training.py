"""Trainings as values."""

from __future__ import annotations

import math

import pytest

from gapless.core import Cosine, Linear
from gapless.core.errors import BadValue, UnknownName
from gapless.core.training import Optim, Training


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"epochs": -3}, {"batch": 1}])
def test_a_training_of_nothing_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(BadValue, match="at least 1 epoch and a batch of at least 2 images"):
        Training(**wrong)


def test_trainings_are_values() -> None:
    assert Training(epochs=1, batch=2) == Training(1, 2, Optim()) != Training(1, 2, Optim(lr=0.1))
    assert hash(Training()) == hash(Training())


NOT = (-1, -1e-9, math.nan, math.inf, -math.inf, "0.1", None)


@pytest.mark.parametrize("wrong", [*NOT, 1e6, 1e39, 10**400])
def test_learning_rates_outside_their_range_are_refused(wrong: float) -> None:
    values = (wrong, Cosine(wrong), Cosine(0.1, wrong), Linear(wrong, 0), Linear(0, wrong))
    for lr, name in zip(values, ("lr", "lr.start", "lr.end", "lr.start", "lr.end"), strict=True):
        with pytest.raises(BadValue, match=f"^expected {name} of at least 0 and below 1,000,000; got "):
            Optim(lr=lr)


@pytest.mark.parametrize("wrong", NOT)
@pytest.mark.parametrize("name", ["clip", "weight_decay"])
def test_what_has_no_upper_end_is_finite(name: str, wrong: float) -> None:
    with pytest.raises(BadValue, match=f"^expected {name} of at least 0 and finite; got "):
        Optim(**{name: wrong})


@pytest.mark.parametrize("wrong", [*NOT, 1, 2])
def test_shares_are_below_1(wrong: float) -> None:
    for betas in ((wrong, 0.9), (0.9, wrong)):
        with pytest.raises(BadValue, match=r"^expected betas of at least 0 and below 1; got "):
            Optim(betas=betas)
    for name in ("label_smoothing", "drop_path"):
        with pytest.raises(BadValue, match=f"^expected {name} of at least 0 and below 1; got "):
            Training(**{name: wrong})


def test_a_square_of_less_than_nothing_is_refused() -> None:
    with pytest.raises(BadValue, match=r"^expected cutout of at least 0"):
        Training(cutout=-1)


def test_the_ends_of_ranges_are_allowed() -> None:
    Optim("adam", 0, (0, 0), 0, 0)
    Optim(lr=Cosine(999_999.0, 0), betas=(0.999, 0.999), weight_decay=1e30, clip=1e30)
    Optim(lr=lambda progress: -1.0)
    Training(label_smoothing=0.999, drop_path=0.999, cutout=0)


def test_what_torch_would_only_refuse_later() -> None:
    with pytest.raises(UnknownName, match="did you mean 'adam'"):
        Optim("adamw")
    with pytest.raises(UnknownName, match="freeze"):
        Optim(idle="frieze")
    with pytest.raises(BadValue, match="nesterov with momentum"):
        Optim(nesterov=True, betas=(0, 0))
    Optim("adam", nesterov=True, betas=(0, 0))
