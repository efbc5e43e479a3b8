"""The terms of the gap in words: what is said follows from the numbers, and nothing is said without them."""

from __future__ import annotations

import copy
import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gapless.audit.crossing import Course
from gapless.audit.noise import noise as audited
from gapless.report.blocks import block, rows
from gapless.report.terms import (
    NAMES,
    between,
    checklist,
    crossing,
    landscape,
    line,
    mathematical,
    neighbours,
    noise,
    ranking,
    suboptima,
    terms,
)
from gapless.report.terms.told import change, counted, estimate, number, short, size

from . import example


@pytest.fixture(scope="module")
def findings() -> dict[str, Any]:
    return example.darts()[0]


def plain(text: str) -> str:
    return re.sub(r"\s", " ", text)


def test_numbers_as_text() -> None:
    assert [number(v) for v in (0.5, -0.004, -1.236, None, float("nan"))] == [
        "0.50", "0.00", "−1.24", "not known", "not known",
    ]  # fmt: skip
    assert [short(v) for v in (0.0009, -12.44, 3.1e-7)] == ["0.0009", "−12.4", "3.1e-07"]
    assert [short(v) for v in (0, 1.0, 999.7, -1130.0, 9.98e14)] == [
        "0",
        "1.00",
        "1,000",
        "−1,130",
        "9.98e+14",
    ]
    assert [plain(change(v)) for v in (0.0125, -0.5, 0.0)] == ["+1.3 points", "−50.0 points", "±0.0 points"]
    assert plain(size(-0.5)) == "50.0 points"
    assert estimate({"value": 0.5, "low": -0.25, "high": 1.0}) == "0.50 (−0.25 to 1.00)"
    assert estimate({"value": 0.5, "low": None, "high": None}) == "0.50"
    assert [counted(n, "epoch") for n in (1, 2)] == ["1 epoch", "2 epochs"]


def test_the_parts_of_the_deployment_gap_in_words(findings: dict[str, Any]) -> None:
    whole = findings["deployment"]
    found = between.told(whole)
    assert found is not None
    assert plain(found.lead) == (
        "Of the deployment gap, +20.4 points, come +12.0 points with recipe and images, −3.0 points with "
        "depth and +11.4 points with width and BatchNorm, in that order."
    )
    assert [plain(row[2]) for row in found.table] == ["", "+12.0 points", "−3.0 points", "+11.4 points"]
    assert "trained on different sets of images: a3 on the 628" in found.more[0]
    alike = between.told({"parts": whole["parts"][:1], "images": {"search": 5, "deploy": 5}})
    assert alike is not None
    assert alike.lead.startswith("All of the deployment gap, ")
    assert "different sets" not in alike.more[0]
    coarse = between.told({**whole, "images": {"search side": 8, "deploy side": 16}})
    assert coarse is not None
    assert "8 pixels high, a4 16" in coarse.more[0]
    none = between.told({"parts": []})
    assert none is not None
    assert "luck of the seed" in none.lead


def test_every_term_of_a_whole_audit_is_told(findings: dict[str, Any]) -> None:
    course = [Course("cell", (0.0, 1.0), (0.1, 0.3), (0.2, 0.2))]
    assert set(terms(findings, course)) == set(NAMES)
    assert terms({}, []) == {}


@pytest.mark.parametrize("wrong", [None, [], {}, "text", 3, float("nan"), [None], {"points": None}])
def test_a_term_of_the_wrong_kind_is_not_told(findings: dict[str, Any], wrong: Any) -> None:
    assert terms({"audit": dict.fromkeys(findings["audit"], wrong), "checklist": wrong}, []) == {}
    assert terms({"audit": wrong}, []) == {}


WHOLE = example.darts()[0]["audit"]
JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.data())
def test_junk_anywhere_is_no_crash(data: st.DataObject) -> None:
    """One value of a whole audit, somewhere, is replaced by anything."""
    audit = copy.deepcopy(WHOLE)
    here: Any = audit
    while isinstance(here, dict | list) and here:
        place = data.draw(st.sampled_from(sorted(here) if isinstance(here, dict) else range(len(here))))
        if not isinstance(here[place], dict | list) or not here[place] or data.draw(st.booleans()):
            here[place] = data.draw(JUNK)
            break
        here = here[place]
    told = terms({"audit": audit}, crossing.read([], block(audit, "free", "options")))
    assert set(told) <= set(NAMES)
    assert all(one.lead for one in told.values())
    for one in told.values():
        assert all(len(row) == len(one.columns) for row in one.table)


def test_rules_are_rows_and_the_searchs_own_rule_comes_first_in_words(findings: dict[str, Any]) -> None:
    found = mathematical.told(findings["audit"]["mathematical"])
    assert found is not None
    assert "0.980 (cosine 0.21)" in found.lead
    assert [row[0] for row in found.table][:2] == ["the rule of this search", "first order"]
    assert found.table[2][1:] == ("0.810", "0.60", "0.520", "−0.85")
    assert found.table[3][1:] == ("12.4", "0.05", "not known", "not known")
    said = " ".join(found.more)
    for part in ("84 evaluations", "count as converged", "residual of 3.1e-07", "damping 0.0100", "−0.0042"):
        assert part in said


def test_weights_that_did_not_converge_are_no_yardstick(findings: dict[str, Any]) -> None:
    whole = findings["audit"]["mathematical"]
    cut = {**whole, "convergence": {"slope": 0.3, "evaluations": 5, "reached": False}}
    found = mathematical.told({**cut, "reference": {**whole["reference"], "negative": []}})
    assert found is not None
    assert "not converged" in " ".join(found.more)
    assert "at further trained weights" in found.lead
    assert "error, further trained weights" in found.columns
    assert "No negative curvature" in " ".join(found.more)
    assert "count as converged" not in " ".join(found.more)
    assert found.lead.startswith(
        "The yardstick itself was not reached: the weights are not converged. Against"
    )


def test_conjugate_gradients_that_did_not_solve_are_no_yardstick(findings: dict[str, Any]) -> None:
    whole = findings["audit"]["mathematical"]
    convergence = {"slope": 2.3, "evaluations": 5, "reached": False}
    unsolved = {**whole, "reference": {**whole["reference"], "residual": 0.45}}
    found = mathematical.told(unsolved)
    assert found is not None
    assert found.lead.startswith(
        "The yardstick itself was not reached: conjugate gradients ended with a relative"
    )
    found = mathematical.told({**unsolved, "convergence": convergence})
    assert found is not None
    assert "not converged and conjugate gradients ended with a relative residual of 0.450." in found.lead
    assert "the slope of the training loss rose to 2.30 times what it was" in " ".join(found.more)
    assert "fell to" not in " ".join(found.more)
    assert "gave up on it at a relative residual of 0.450" in " ".join(found.more)


def test_why_second_order_has_a_second_row_is_told(findings: dict[str, Any]) -> None:
    whole = findings["audit"]["mathematical"]
    (rule,) = (row for row in whole["rules"] if row["rule"] == "second order")
    late = {**rule, "rule": mathematical.BEGINNING}
    said = [" ".join(mathematical.told({**whole, "rules": rules}).more) for rules in ([rule], [rule, late])]
    assert ["learning rate of the first step" in text for text in said] == [False, True]


def test_where_a_term_does_not_exist_the_reason_is_told() -> None:
    for tell in (mathematical.told, line.told):
        found = tell({"missing": "method 'spos' has no alpha"})
        assert found is not None
        assert "method 'spos' has no alpha" in found.lead


def test_printed_gain_is_the_difference_of_printed_accuracies() -> None:
    found = suboptima.told({"epochs": 1, "before": {"accuracy": 0.90049}, "after": {"accuracy": 0.90051}})
    assert found is not None
    assert "from 90.0 % to 90.1 %: +0.1 points" in plain(found.lead)
    assert "1 more epoch," in found.lead


@pytest.mark.parametrize(
    ("free", "survivors", "said"),
    [
        (6, 16, "%) have no parameters"),
        (1, 8, "%) has no parameters"),
        (6, 16, "6 of the 16"),
        (1, 1, "no parameters"),
        (0, 1, "has parameters"),
        (0, 0, "No operation"),
    ],
)
def test_survivors(free: int, survivors: int, said: str) -> None:
    found = suboptima.survivors({"free": free, "survivors": survivors})
    assert found is not None
    assert said in found.lead


@settings(derandomize=True, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=12))
def test_the_steepest_stretch_is_steeper_than_every_other(values: list[float]) -> None:
    points = [(i / (len(values) - 1), v) for i, v in enumerate(values)]
    a, b, step = line.steepest(points)
    assert abs(step) == max(abs(y - x) for x, y in pairwise(values))
    assert (a, b) in {(p[0], q[0]) for p, q in pairwise(points)}


def test_a_line_that_dips_says_how_low() -> None:
    points = [{"t": 0.0, "accuracy": 0.9}, {"t": 1.0, "accuracy": 0.8}, {"t": 0.5, "accuracy": 0.1}]
    found = line.told({"points": points})
    assert found is not None
    assert "falls most, by 80.0 points, between 0 and 50 % of the way" in plain(found.more[0])
    assert "as low as 10.0 %" in plain(found.more[0])


@pytest.mark.parametrize(
    ("p", "said"),
    [
        (0.049, "more than chance (p = 0.049)"),
        (0.0005, "(p < 0.001)"),
        (0.05, "may be chance"),
        (None, "is not known"),
    ],
)
def test_how_sure_a_ranking_is(p: float | None, said: str) -> None:
    found = ranking.deployment({"n": 9, "chance": p, "tau": {"value": 0.5, "low": 0.1, "high": 0.9, "n": 9}})
    assert found is not None
    assert said in found.lead


def test_the_table_of_the_ranking_has_every_statistic_and_both_scorings(findings: dict[str, Any]) -> None:
    judged = findings["audit"]["ranking"]
    found = ranking.told(judged)
    assert found is not None
    names = [row[0] for row in found.table]
    assert names[:3] == ["Kendall's tau-b", "Spearman's rho", "tau-b, MACs held fixed"]
    assert {
        "regret of the best of the top 1",
        "share of the top 5 that are truly there (by chance 62.5\N{NO-BREAK SPACE}%)",
    } <= set(names)
    assert found.columns == ("statistic", "statistics recalibrated", "statistics kept")
    assert found.table[0][1:] == tuple(estimate(judged[name]["tau"]) for name in ("recalibrated", "kept"))
    assert "best tenth" not in " ".join(names)


def test_scores_that_are_all_equal_rank_nothing() -> None:
    found = ranking.told({"kept": {"n": 3, "tau": {"value": None, "low": None, "high": None, "n": 3}}})
    assert found is not None
    assert "no ranking to compare" in found.lead


def test_too_few_seeds_are_not_told() -> None:
    assert noise.told({"archs": 1, "missing": "two seeds of one architecture, and two architectures"}) is None


def test_the_luck_of_the_seed(findings: dict[str, Any]) -> None:
    judged = findings["audit"]["noise"]
    found = noise.told(judged)
    assert found is not None
    assert f"probability {100 * judged['flips']['value']:.1f} %" in plain(found.lead)
    assert f"takes {judged['seeds for the lead']} trainings" in found.more[0]


def test_a_poor_architecture_does_not_hide_how_often_trainings_disagree() -> None:
    """Three that are close and one that is broken: by spreads 1 in 100 are swapped, counted far more."""
    scores = {"a": [0.90, 0.92], "b": [0.91, 0.90], "c": [0.92, 0.91], "d": [0.10, 0.11]}
    judged = audited(scores)
    assert judged["flips"]["value"] < 0.02
    found = noise.told(judged)
    assert found is not None
    assert f"trainings disagree about {100 * judged['flipped']:.1f} % of pairs" in plain(found.more[0])
    assert judged["flipped"] > 0.2


def test_edits_are_tabled_from_worst_to_best() -> None:
    edits = [{"edit": f"e{i}", "change": (i - 10) / 100, "n": 1} for i in range(20)]
    found = landscape.told({"archs": 20, "edit": 0.02, "autocorrelation": [None], "edits": edits})
    assert found is not None
    assert [row[0] for row in found.table] == [f"e{i}" for i in (*range(6), *range(14, 20))]
    assert "cannot be told" in found.more[0]


def test_neighbours_that_score_higher_are_counted(findings: dict[str, Any]) -> None:
    found = neighbours.told(findings["audit"]["neighbours"])
    assert found is not None
    assert found.lead.startswith("1 of 3 neighbours of the architecture found scores higher")
    assert [plain(" ".join(row[1:])) for row in found.table] == [
        "80.0 % 3 1 +1.0 points",
        "90.0 % 1 0 −40.0 points",
    ]
    assert "where only some were drawn" in found.more[0]
    one = {"found": True, "accuracy": 0.5, "neighbours": [0.5, 0.1], "all": True}
    found = neighbours.told({"around": [one]})
    assert found is not None
    assert found.lead.startswith("None of 2 neighbours")
    assert found.more[0].endswith("a local optimum.")
    assert neighbours.told({"around": [{**one, "neighbours": []}]}) is None


def test_lags_that_are_not_known_are_left_out() -> None:
    assert landscape.correlations({"autocorrelation": [0.5, None, 0.1]}) == ((1.0, 0.5), (3.0, 0.1))
    assert landscape.distances({"distance": [{"edits": 2, "difference": 0.1, "pairs": 3}, {"edits": 1}]}) == (
        (2.0, 0.1, 3.0),
    )


@pytest.mark.parametrize(
    ("free", "other", "said"),
    [
        ((0.1, 0.3), (0.2, 0.2), "overtake the others at epoch 0.5"),
        ((0.3, 0.1), (0.2, 0.2), "fall behind the others at epoch 0.5"),
        ((0.3, 0.3), (0.2, 0.2), "stronger than the others all the time"),
        ((0.2, 0.2), (0.2, 0.2), "are as strong as the others all the time"),
        ((0.1, 0.2), (0.2, 0.2), "are weaker than or as strong as the others all the time"),
        ((0.1, 0.3, 0.1), (0.2,) * 3, "others at epoch 1.5, after changing places 1 time before"),
    ],
)
def test_who_is_ahead(free: tuple[float, float], other: tuple[float, float], said: str) -> None:
    epochs = tuple(float(t) for t in range(len(free)))
    found = crossing.told([Course("cell", epochs, free, other)], known=True)
    assert found is not None
    assert said in found.more[0]


def test_without_options_of_both_kinds_there_is_nothing_to_cross() -> None:
    assert crossing.told([], known=False) is None
    course = Course("layers", (0.0, 1.0), (0.1, 0.3), (0.2, 0.2), "MACs")
    by_macs = crossing.told([course], known=True)
    assert by_macs is not None
    assert "of at most the median MACs of their choice have the larger mean strength" in by_macs.lead
    assert "median MACs of their choice overtake those of more at epoch 0.5" in by_macs.more[0]
    found = crossing.told([], known=True)
    assert found is not None
    assert "No choice" in found.lead


def test_gate_values_from_a_table_are_read_with_names_as_text() -> None:
    alpha = [
        {"epoch": 1.0, "group": "layers", "row": 7.0, "option": o, "value": v}
        for o, v in (("a", 0.4), ("b", 0.6))
    ]
    alpha += [{"epoch": None, "value": 1.0}, {"epoch": 2.0, "value": "x"}, {}]
    (found,) = crossing.read(alpha, {"layers": {"7": {"free": ["a"], "other": ["b"]}}})
    assert found == Course("layers", (1.0,), (0.4,), (0.6,))


def test_what_is_missing_of_the_checklist_comes_first(findings: dict[str, Any]) -> None:
    found = checklist.told(findings["checklist"])
    assert found is not None
    states = [row[1] for row in found.table]
    assert states == sorted(states, reverse=True)
    assert found.lead.startswith(f"{states.count('followed')} of {len(states)} practices")
    assert all(row[2] for row in found.table)


def test_reading_with_care() -> None:
    assert block({"a": {"b": {"c": 1}}}, "a", "b") == {"c": 1}
    assert block({"a": [1]}, "a", "b") == {}
    assert rows([{"a": 1}, 3, None]) == [{"a": 1}]
    assert rows({"a": 1}) == []


def test_how_often_operations_were_trained() -> None:
    uneven = {
        "options": {
            "conv": {"mean": 110.0, "least": 100, "most": 120, "choices": 2},
            "skip": {"mean": 9.5, "least": 9, "most": 10, "choices": 2},
        },
        "spread": 0.25,
    }
    told = suboptima.counts(uneven)
    assert told is not None
    assert "conv in 110.0 of the paths that were trained and skip in 9.5" in told.lead
    assert "up to 25" in told.more[0]
    assert told.table == (("conv", "110.0", "100", "120"), ("skip", "9.5", "9", "10"))
    even = {name: {"mean": 50.0, "least": 50, "most": 50, "choices": 2} for name in ("conv", "skip")}
    fair = suboptima.counts({"options": even, "spread": 0.0})
    assert fair is not None
    assert fair.lead.startswith("Every option was in 50.0 of the paths")
    inner = {"k3": {"mean": 25.0, "least": 25, "most": 25, "choices": 1}}
    fair = suboptima.counts({"options": even | inner, "spread": 0.0})
    assert fair is not None
    assert fair.lead.startswith("Within every choice all options were in equally many")
    assert "in 25 to 50 of them" in fair.lead
    assert suboptima.counts({}) is None
