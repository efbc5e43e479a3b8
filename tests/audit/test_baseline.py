"""The comparison with random architectures: its p-value and its sentence."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gapless.audit.baseline import spread, verdict

steady = settings(deadline=None, derandomize=True, max_examples=100)
accuracies = st.lists(st.integers(0, 1000).map(lambda n: n / 1000), min_size=1, max_size=5, unique=True)


@pytest.mark.parametrize("seeds", [1, 3])
def test_an_architecture_drawn_at_random_is_called_better_in_one_of_twenty(seeds: int) -> None:
    """2,000 random architectures, called found and trained with several seeds: 5 % and six standard errors.

    Scores are whole images of 359, so that many are equal.
    """
    rng, claims = np.random.default_rng(0), 0
    for _ in range(2000):
        arch = 0.97 + 0.01 * rng.normal(size=21)
        mine = arch[0] + 0.005 * rng.normal(size=seeds)
        others = arch[1:] + 0.005 * rng.normal(size=20)
        found, random = ((np.round(359 * values) / 359).tolist() for values in (mine, others))
        claims += verdict(found, random).p < 0.05
    assert claims / 2000 < 0.05 + 6 * (0.05 * 0.95 / 2000) ** 0.5


def test_better() -> None:
    judgement = verdict([0.97, 0.98, 0.99], [0.90, 0.91, 0.92, 0.93] * 5)
    assert judgement.p == pytest.approx(1 / 21)
    assert "6.5 points above the mean of 20 random architectures (best 93.0 %)" in judgement.sentence
    assert "0 of them are better" in judgement.sentence
    assert "the search is better than drawing at random here (p = 0.048)" in judgement.sentence
    again = verdict([0.925], [0.90, 0.91, 0.92, 0.93] * 5).sentence
    assert again.endswith("5 of them are better; it cannot be told from drawing at random here (p = 0.29).")
    assert verdict([0.1 + 0.2], [0.3, 0.3]).sentence.startswith("level with the mean of 2")


def test_worse() -> None:
    judgement = verdict([0.80], [0.90, 0.70, 0.95])
    assert "5.0 points below" in judgement.sentence
    assert "2 of them are better" in judgement.sentence
    assert "not better than drawing at random" in judgement.sentence


def test_one_random_architecture_is_no_mean() -> None:
    assert verdict([0.95], [0.90]).sentence == (
        "5.0 points above the one random architecture (90.0 %); "
        "so few trainings cannot tell it from drawing at random (p = 0.50)."
    )
    assert verdict([0.8, 0.9], [0.9]).sentence.startswith(
        "5.0 points below the one random architecture (90.0"
    )


def test_too_few_to_tell() -> None:
    judgement = verdict([0.95], [0.90, 0.92, 0.96])
    assert "1 of them is better" in judgement.sentence
    assert "cannot tell it from drawing at random" in judgement.sentence
    assert judgement.p >= 0.05


@given(accuracies, accuracies)
@steady
def test_a_sentence_is_one_line_and_never_claims_too_much(found: list[float], random: list[float]) -> None:
    judgement = verdict(found, random)
    assert "\n" not in judgement.sentence
    assert judgement.sentence.endswith(".")
    assert 0 <= judgement.p <= 1
    claimed = "search is better" in judgement.sentence
    assert claimed == (judgement.p < 0.05)
    if claimed:
        assert statistics.fmean(found) > statistics.fmean(random) or judgement.p < 0.05


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9))
@steady
def test_spread(values: list[float]) -> None:
    mean, sd = spread(values)
    assert mean == pytest.approx(np.mean(values))
    assert sd == pytest.approx(np.std(values, ddof=1), abs=1e-12)
    assert spread(values[:1]) == (values[0], 0.0)
