"""The accuracy chain: intervals as SciPy has them, steps that add up."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from gapless.audit.chain import STEPS, TITLES, Rung, chain, steps

steady = settings(deadline=None, derandomize=True, max_examples=200)
NAMES = ("a0", "a1", "a2", "a3", "a4")
counts = st.integers(1, 50_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts)
@steady
def test_interval_is_wilsons(count: tuple[int, int]) -> None:
    right, n = count
    low, high = Rung("a0", right / n, n).interval
    expected = binomtest(right, n).proportion_ci(0.95, method="wilson")
    assert low == pytest.approx(expected.low, abs=1e-12)
    assert high == pytest.approx(expected.high, abs=1e-12)
    assert 0 <= low <= right / n + 1e-12
    assert right / n - 1e-12 <= high
    assert high <= 1


def test_what_has_no_mixture_begins_with_the_mean_over_paths() -> None:
    measured = {name: {"accuracy": 0.5, "n": 10} for name in NAMES}
    told, plain = (
        [rung.to_json()["title"] for rung in chain(measured, mixed=mixed)] for mixed in (False, True)
    )
    assert told[0] == "super-network, mean of paths drawn as it was trained"
    assert told[1:] == plain[1:] == list(TITLES.values())[1:]
    assert plain[0] == TITLES["a0"]


def test_interval_of_a_worked_example() -> None:
    """8 of 10: (0.4902, 0.9433), Newcombe 1998, method 3."""
    low, high = Rung("a0", 0.8, 10).interval
    assert (round(low, 4), round(high, 4)) == (0.4902, 0.9433)


@given(st.lists(counts, min_size=5, max_size=5))
@steady
def test_steps_add_up(values: list[tuple[int, int]]) -> None:
    measured = {name: {"accuracy": right / n, "n": n} for name, (right, n) in zip(NAMES, values, strict=True)}
    rungs = chain(measured)
    found = steps(rungs)
    assert [term for term, _ in found] == list(STEPS.values())
    whole = sum(Fraction(b.accuracy) - Fraction(a.accuracy) for a, b in itertools.pairwise(rungs))
    assert whole == Fraction(rungs[-1].accuracy) - Fraction(rungs[0].accuracy)
    for (_, size), (a, b) in zip(found, itertools.pairwise(rungs), strict=True):
        assert size == b.accuracy - a.accuracy
    assert sum(size for _, size in found) == pytest.approx(rungs[-1].accuracy - rungs[0].accuracy, abs=1e-15)


@given(st.sets(st.sampled_from(NAMES), min_size=1))
@steady
def test_what_was_not_measured_is_left_out(names: set[str]) -> None:
    rungs = chain({name: {"accuracy": 0.5, "n": 10, "loss": 1.0} for name in names})
    assert [rung.name for rung in rungs] == sorted(names)
    assert len(steps(rungs)) == len(names) - 1


def test_a_rung_as_json() -> None:
    (rung,) = chain({"a2": {"accuracy": 0.75, "n": 100}})
    value = rung.to_json()
    assert (value["name"], value["title"], value["accuracy"], value["n"]) == ("a2", TITLES["a2"], 0.75, 100)
    assert (value["low"], value["high"]) == rung.interval
    assert set(TITLES) == set(NAMES)
