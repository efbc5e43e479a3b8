"""Numbers in words."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gapless.report import words

NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0"),
        (8_970, "8,970"),
        (10_000, "10.0 thousand"),
        (312_442, "312 thousand"),
        (1_234_567, "1.23 million"),
        (21_034_112, "21.0 million"),
        (3.4e9, "3.40 billion"),
    ],
)
def test_counts(number: float, said: str) -> None:
    assert words.count(number) == said.replace(" ", NBSP)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (0.0123, "0.0123 s"), (4.2, "4.20 s"), (59.6, "1 min"), (61, "1 min 1 s"), (3600, "1 h"),
     (7402.5, "2 h 3 min"), (90_000, "1 d 1 h")],
)  # fmt: skip
def test_durations(seconds: float, said: str) -> None:
    assert words.duration(seconds).replace(NBSP, " ") == said


@pytest.mark.parametrize(
    ("change", "said"), [(12, "+1.2 points"), (-513, "−51.3 points"), (0, "±0.0 points"), (-4, "−0.4 points")]
)
def test_changes_carry_their_sign(change: int, said: str) -> None:
    assert words.points(change).replace(NBSP, " ") == said


@pytest.mark.parametrize("value", [None, "0.5", True, math.nan, math.inf, [], 10**400])
def test_what_is_no_finite_number_is_none(value: object) -> None:
    assert words.real(value) is None


@settings(derandomize=True, deadline=None)
@given(st.text(max_size=40), st.integers(1, 20))
def test_clipped_text_fits_and_starts_alike(text: str, length: int) -> None:
    short = words.clip(text, length)
    assert len(short) <= max(length, 2)
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


def test_plain_values() -> None:
    said = [words.plain(value) for value in (None, True, 0.30000000000000004, [1, "a"], "x", 7)]
    assert said == ["not recorded", "yes", "0.3", "1, a", "x", "7"]
