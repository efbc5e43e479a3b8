"""A pair in one sentence: claims where the numbers allow them, and not otherwise."""

from __future__ import annotations

import numpy as np

from gapless.audit.claim import headline, sentence
from gapless.audit.comparison import Search, comparison


def told(a: list[float], b: list[float], name: str = "test", more: int = 0) -> str:
    sides = [Search("a", i, "d", {name: v}) for i, v in enumerate(a)]
    sides += [Search("b", i, "d", {name: v}) for i, v in enumerate(b)]
    sides += [Search(f"other{j}", i, "d", {name: 0.5 + i / 7 + j}) for j in range(more) for i in range(8)]
    return sentence(comparison(sides)["pairs"][0])


def test_more_than_luck() -> None:
    rng = np.random.default_rng(0)
    luck = 0.001 * rng.normal(size=8)
    line = told((0.9 + luck).tolist(), (0.95 + luck[::-1]).tolist())
    assert line.startswith("'b' is 5.0 points better than 'a' in test accuracy (95 % +4.")
    assert (
        "p = 0.008; exact Wilcoxon signed-rank test, paired by seed, 8 seeds); that is more than luck" in line
    )
    assert "would show it" not in line
    assert line.endswith("one seed of each would say the opposite in 0 % of cases.")
    several = told((0.9 + luck).tolist(), (0.95 + luck[::-1]).tolist(), more=3)
    assert "0.078 for all pairs" in several
    assert "that may be luck" in several


def test_few_seeds_claim_nothing() -> None:
    line = told([0.90, 0.91, 0.92], [0.89, 0.90, 0.90], "a2")
    assert "'b' is 1.3 points worse than 'a' in accuracy a2" in line
    assert "that may be luck (so few seeds cannot give a p below 0.25)" in line
    # fewer than 6 pairs give no p below 0.05: 2^(1 - 6) = 0.031
    assert line.endswith(
        "one seed of each would say the opposite in 12 % of cases, about 6 seeds of each would show it."
    )
    # 2 ((1.96 + 0.84) sd / difference)^2 + 1.96^2 / 4, with sd^2 = (0.01^2 + 0.00577^2) / 2 of 0.0133
    apart = sentence(comparison([
        *(Search("a", i, "d", {"a2": v}) for i, v in enumerate([0.90, 0.91, 0.92])),
        *(Search("b", 9 + i, "d", {"a2": v}) for i, v in enumerate([0.89, 0.90, 0.90])),
    ])["pairs"][0])  # fmt: skip
    assert apart.endswith("about 7 seeds of each would show it.")
    assert told([0.9], [0.8]).endswith("a single seed cannot say whether that is luck.")
    assert told([0.9, 0.8], [0.9, 0.8]).startswith("'a' and 'b' are equal in test accuracy")
    close = told([0.9, 0.8, 0.7], [0.9002, 0.8, 0.7])
    assert close.startswith("'a' and 'b' are less than 0.1 points apart in test accuracy")
    mean = told([0.1 + 0.2, 0.3], [0.3, 0.1 + 0.2])
    assert "are equal in" in mean
    assert "would show" not in mean


def test_seeds_already_searched_with_are_not_asked_for() -> None:
    rng = np.random.default_rng(0)
    a = 0.9 + 0.01 * rng.normal(size=8)
    line = told(a.tolist(), (a + 0.004 + 0.006 * rng.normal(size=8)).tolist())
    assert "that may be luck" in line
    assert "8 seeds of each" not in line


def test_what_a_claim_is_about() -> None:
    assert headline({"a0": 1, "a2": 1, "search time": 1}) == "a2"
    assert headline({"test": 1, "a4": 1}) == "test"
    pair = comparison([Search("a", 0, "d", {"cost": 1.0}), Search("b", 0, "d", {"cost": 2.0})])["pairs"][0]
    assert "no accuracy" in sentence(pair)
