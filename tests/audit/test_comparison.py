"""Variants over seeds on synthetic searches whose differences, flips and collapses are known."""

from __future__ import annotations

import json
import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from gapless.audit.comparison import APART, PAIRED, Search, comparison, contrast, distance, picks, welch
from gapless.core import Arch, Choice, Space

PLAIN = dict.fromkeys("abc")
EDGE = Space((Choice("op", dict.fromkeys("xyz")),))
SPACE = Space(
    (Choice("layer1", PLAIN), Choice("layer2", PLAIN), Choice("node", dict.fromkeys("012", EDGE), 2))
)
steady = settings(max_examples=60, deadline=None)


def searches(variant: str, values: list[float], data: str = "digits", **more: object) -> list[Search]:
    return [Search(variant, i, data, {"a0": v}, **more) for i, v in enumerate(values)]  # type: ignore[arg-type]


def by_seed(values: list[float]) -> dict[int, float]:
    return dict(enumerate(values))


def test_a_known_difference_is_found() -> None:
    """Seeds shift both sides alike: paired, the noise is 0.01; intervals miss in 25 of 500 +- 4 sigma."""
    rng, missed, p = np.random.default_rng(0), 0, []
    for _ in range(500):
        luck = 0.1 * rng.normal(size=6)
        a, b = (m + luck + 0.01 * rng.normal(size=6) / math.sqrt(2) for m in (0.8, 0.81))
        found = contrast(by_seed(a.tolist()), by_seed(b.tolist()))
        missed += not found["difference"]["low"] < 0.01 < found["difference"]["high"]
        p.append(found["p"])
    assert 5 <= missed <= 45
    assert found["paired"]
    assert found["test"] == PAIRED
    assert found["least"] == 2 / 64
    assert np.mean(np.array(p) <= 0.1) > 0.5
    assert found["common seeds needed"] < found["seeds needed"]


def test_a_null_difference_has_a_uniform_p() -> None:
    rng = np.random.default_rng(1)
    p = []
    for _ in range(600):
        a, b = rng.normal(size=(2, 5)).tolist()
        p.append(contrast(by_seed(a), {9 + i: v for i, v in enumerate(b)})["p"])
    for level in (0.1, 0.3, 0.5, 0.8):
        assert np.mean(np.array(p) <= level) == pytest.approx(level, abs=0.09)


@pytest.mark.parametrize(("size", "spread"), [(0.01, 0.01), (0.0, 0.02), (0.02, 0.005)])
def test_a_known_probability_of_a_flip(size: float, spread: float) -> None:
    known = NormalDist(size, math.sqrt(2) * spread).cdf(0)
    rng, found = np.random.default_rng(2), []
    for _ in range(40):
        a, b = spread * rng.normal(size=40), size + spread * rng.normal(size=40)
        found.append(contrast(by_seed(a.tolist()), by_seed(b.tolist())))
    assert np.mean([row["flips"] for row in found]) == pytest.approx(known, abs=0.06)
    assert np.mean([row["flipped"] for row in found]) == pytest.approx(known, abs=0.06)


def test_seeds_for_a_claim_are_those_of_noise() -> None:
    found = contrast(by_seed([0.80, 0.82, 0.84]), by_seed([0.82, 0.82, 0.86]))
    assert found["difference"]["mean"] == pytest.approx(0.04 / 3)
    spread = math.sqrt((np.var([0.80, 0.82, 0.84], ddof=1) + np.var([0.82, 0.82, 0.86], ddof=1)) / 2)
    z = stats.norm.ppf(0.975)
    reach = z + stats.norm.ppf(0.8)
    assert found["seeds needed"] == math.ceil(2 * (reach * spread / (0.04 / 3)) ** 2 + z**2 / 4)
    steps = np.std([0.02, 0.0, 0.02], ddof=1)
    assert found["common seeds needed"] == math.ceil((reach * steps / (0.04 / 3)) ** 2 + z**2 / 2)
    assert found["p"] == 0.5
    assert contrast({0: 0.8, 1: 0.9}, {0: 0.9, 1: 0.1 + 0.7})["common seeds needed"] is None


def test_seeds_that_all_pairs_need_are_more() -> None:
    alone = [Search(v, i, "d", {"test": x + i / 999}) for v, x in (("a", 0.8), ("b", 0.82)) for i in range(4)]
    more = [Search("c", i, "d", {"test": 0.7 + i / 998}) for i in range(4)]
    few, many = (comparison(of)["pairs"][0]["measures"]["test"] for of in (alone, alone + more))
    assert (few["common seeds needed"], many["common seeds needed"]) == (6, 7)
    assert (few["adjusted"], many["adjusted"]) == (0.125, 0.375)


def test_one_seed_each_says_how_little_it_knows() -> None:
    found = contrast({0: 0.8}, {0: 0.9})
    assert found["difference"] == {"mean": pytest.approx(0.1), "low": None, "high": None, "n": 1}
    assert (found["p"], found["test"]) == (1.0, APART)
    assert {found[name] for name in ("flips", "flipped", "seeds needed", "common seeds needed")} == {None}


@given(
    st.lists(st.integers(0, 360), min_size=2, max_size=6),
    st.lists(st.integers(0, 360), min_size=2, max_size=6),
)
@steady
def test_welch(a: list[int], b: list[int]) -> None:
    left, right = ([n / 360 for n in side] for side in (a, b))
    found = welch(left, right)
    assume(len(set(a)) > 1 and len(set(b)) > 1)
    low, high = stats.ttest_ind(right, left, equal_var=False).confidence_interval()
    assert (found["low"], found["high"]) == pytest.approx((low, high), abs=1e-10)


def test_welch_of_sides_that_do_not_vary() -> None:
    assert welch([0.5, 0.5], [0.7, 0.7]) == {"mean": 0.7 - 0.5, "low": 0.7 - 0.5, "high": 0.7 - 0.5, "n": 2}
    found = welch([0.5, 0.5, 0.5], [0.6, 0.8])
    assert found["high"] - found["low"] == pytest.approx(2 * stats.t.ppf(0.975, 1) * 0.1)


def test_variants_pairs_and_data_apart() -> None:
    rows = [*searches("one", [0.7, 0.8, 0.9]), *searches("two", [0.75, 0.85, 0.99, 0.5])]
    rows += [*searches("three", [0.1, 0.2], data="cifar10"), Search("two", 8, "digits", {"cost": 3.0})]
    found = comparison(rows)
    json.loads(json.dumps(found), parse_constant=pytest.fail)
    assert found["searches"] == 10
    assert [(v["variant"], v["seeds"]) for v in found["variants"]] == [
        ("one", [0, 1, 2]), ("two", [0, 1, 2, 3, 8]), ("three", [0, 1]),
    ]  # fmt: skip
    (pair,) = found["pairs"]
    assert (pair["a"], pair["b"], list(pair["measures"])) == ("one", "two", ["a0"])
    assert pair["measures"]["a0"]["difference"]["mean"] == pytest.approx((0.05 + 0.05 + 0.09) / 3)
    assert pair["measures"]["a0"]["common seeds"] == 3
    assert [(row["a"], row["b"]) for row in found["apart"]] == [("one", "three"), ("two", "three")]
    assert found["variants"][0]["measures"]["a0"]["sd"] == pytest.approx(0.1)


def test_p_values_are_raised_for_the_number_of_pairs() -> None:
    rng = np.random.default_rng(0)
    values = {
        name: (m + 0.01 * rng.normal(size=8)).tolist() for name, m in zip("abc", (0.1, 0.5, 0.9), strict=True)
    }
    found = comparison([search for name, row in values.items() for search in searches(name, row)])
    rows = [pair["measures"]["a0"] for pair in found["pairs"]]
    assert [row["p"] for row in rows] == [2 / 256] * 3
    assert [row["adjusted"] for row in rows] == [6 / 256] * 3


def test_collapse() -> None:
    random = (0.5, 0.6, 0.7)
    kinds = [
        Search("v", 0, "d", {}, test=0.65, random=random, free=False),
        Search("v", 1, "d", {}, test=0.55, random=random, free=False),
        Search("v", 2, "d", {}, test=0.45, random=random, free=None),
        Search("v", 3, "d", {}, free=True),
        Search("v", 4, "d", {}, test=0.9, random=(), free=False),
        Search("v", 5, "d", {}, test=0.5, random=random, free=False),
    ]
    found = comparison(kinds)["variants"][0]["collapse"]
    told = {name: (row["count"], row["n"]) for name, row in found.items()}
    assert told == {
        "collapsed": (2, 5), "below the worst random one": (1, 4), "below the mean random one": (3, 4),
        "without parameters": (1, 5),
    }  # fmt: skip
    assert found["collapsed"]["low"] < 0.4 < found["collapsed"]["high"]
    unknown = comparison([Search("v", 0, "d", {})])["variants"][0]["collapse"]["collapsed"]
    assert unknown == {"count": 0, "n": 0, "share": None, "low": None, "high": None}


@given(st.tuples(*[st.integers(0, SPACE.size() - 1)] * 3))
@steady
def test_distance_is_a_metric(numbers: tuple[int, int, int]) -> None:
    a, b, c = (SPACE.at(number) for number in numbers)
    assert distance(a, b) == distance(b, a)
    assert (distance(a, b) == 0) == (a == b)
    assert distance(a, c) <= distance(a, b) + distance(b, c)
    assert len(picks(a)) == 6


def test_distances_by_hand() -> None:
    one = Arch.of({"layer1": "a", "layer2": "b", "node": {"0": {"op": "x"}, "1": {"op": "y"}}})
    layer = Arch.of({"layer1": "c", "layer2": "b", "node": {"0": {"op": "x"}, "1": {"op": "y"}}})
    edge = Arch.of({"layer1": "a", "layer2": "b", "node": {"0": {"op": "x"}, "2": {"op": "y"}}})
    inner = Arch.of({"layer1": "a", "layer2": "b", "node": {"0": {"op": "x"}, "1": {"op": "x"}}})
    assert [distance(one, other) for other in (one, layer, edge, inner)] == [0, 1, 2, 1]
    found = comparison([Search("v", i, "d", {}, arch) for i, arch in enumerate((one, layer, edge, one))])
    assert found["variants"][0]["found"] == {
        "archs": 4, "distinct": 3, "distance": pytest.approx((1 + 2 + 0 + 3 + 1 + 2) / 6),
        "share": pytest.approx(9 / 36),
    }  # fmt: skip
    assert comparison([Search("v", 0, "d", {}, one)])["variants"][0]["found"]["distance"] is None
