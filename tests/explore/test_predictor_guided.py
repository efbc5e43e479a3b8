"""Acquisitions against their definitions; what is asked for is what the model believes in."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracles import predictors as oracle

from gapless.core.errors import BadValue, UnknownName
from gapless.core.record import Record
from gapless.evaluate.predictor.contract import features
from gapless.evaluate.predictor.linear import Linear
from gapless.explore.filtered import Filtered
from gapless.explore.genetic import Genetic
from gapless.explore.learned import MOST, best, candidates, model_of, within
from gapless.explore.predictor_guided import PredictorGuided, acquired, improvement
from gapless.explore.random import Random
from gapless.testing import explorers as battery
from gapless.testing.explorers import LONG, SMALL, searched, toy

HISTORY = searched(Random(), LONG, 60, 60)


@settings(derandomize=True, deadline=None, max_examples=25)
@given(st.floats(-3, 3), st.floats(0.05, 3), st.floats(-3, 3))
def test_expected_improvement_is_the_integral(mean, spread, highest):
    found = improvement(np.array([mean]), np.array([spread]), highest)[0]
    assert abs(found - oracle.improvement(mean, spread, highest)) < 1e-7
    assert improvement(np.array([mean]), np.array([0.0]), highest)[0] == pytest.approx(max(0, mean - highest))


def test_acquisitions():
    mean, spread = np.array([0.0, 1.0, 0.5]), np.array([2.0, 0.0, 0.1])
    rng = np.random.default_rng
    assert acquired("mean", mean, spread, 0.0, 1.0, rng(0)) is mean
    np.testing.assert_array_equal(acquired("upper-bound", mean, spread, 0.0, 0.5, rng(0)), mean + spread / 2)
    draws = np.array([acquired("thompson", mean, spread, 0.0, 1.0, rng(i)) for i in range(4000)])
    np.testing.assert_allclose(draws.mean(0), mean, atol=0.12)
    np.testing.assert_allclose(draws.std(0), spread, rtol=0.05)
    assert abs(np.corrcoef(draws[:, 0], draws[:, 2])[0, 1]) < 0.06, "each candidate is drawn alone"


def test_random_at_first_then_in_batches():
    rng = np.random.default_rng
    explorer = PredictorGuided()
    assert explorer.ask(HISTORY[:7], LONG, rng(0), 50) == Random().ask(HISTORY[:7], LONG, rng(0), 13)
    assert len(explorer.ask(HISTORY[:20], LONG, rng(0), 50)) == 5


@pytest.mark.parametrize("acquisition", ["thompson", "upper-bound", "improvement", "mean"])
def test_what_is_asked_for_scores_more_than_what_random_search_finds(acquisition):
    explorer = PredictorGuided("linear", acquisition=acquisition)
    asked = explorer.ask(HISTORY, LONG, np.random.default_rng(1), 5)
    scores = sorted(record.metrics["accuracy"] for record in HISTORY)
    assert np.mean([toy(LONG, arch).metrics["accuracy"] for arch in asked]) > scores[-3]


def test_the_mean_ranks_the_candidates():
    explorer = PredictorGuided(Linear(), acquisition="mean", batch=40)
    asked = explorer.ask(HISTORY, LONG, np.random.default_rng(1), 40)
    model, y = model_of(Linear(), HISTORY, LONG, "accuracy")
    np.testing.assert_allclose(y, oracle.normal_scores([r.metrics["accuracy"] for r in HISTORY]), atol=1e-10)
    predicted = model.predict(features(Linear(), LONG, asked))
    assert (np.diff(predicted) <= 1e-12).all()


def test_a_cost_can_be_the_objective():
    explorer = PredictorGuided("linear", acquisition="mean", objective="macs")
    asked = explorer.ask(HISTORY, LONG, np.random.default_rng(1), 5)
    assert np.mean([toy(LONG, a).cost["macs"] for a in asked]) < min(r.cost["macs"] for r in HISTORY) + 1


def test_candidates_are_near_the_parents_or_random_and_new():
    rng, parents = np.random.default_rng(0), best(HISTORY, 2, "accuracy")
    drawn = candidates(parents, 300, 0, set(parents), LONG, rng)
    codes, ends = (np.array([LONG.encode(a) for a in archs]) for archs in (drawn, parents))
    edits = np.abs(codes[:, None] - ends[None]).sum(2).min(1) / 2
    assert edits.min() == 1
    assert 0.5 < (edits == 1).mean() < 0.75
    assert len(set(drawn)) == len(drawn)
    assert not set(drawn) & set(parents)
    assert candidates([], 50, 3, set(), LONG, rng) != []


def test_the_best_are_distinct_and_the_latest_are_learnt_from():
    first = [Record(HISTORY[0].arch, {"accuracy": 0.9})] * 2 + [Record(HISTORY[1].arch, {"accuracy": 0.5})]
    assert best(first, 2, "accuracy") == [HISTORY[0].arch, HISTORY[1].arch]
    many = HISTORY * (MOST // len(HISTORY) + 2)
    assert len(model_of(Linear(), many, LONG, "accuracy")[1]) == MOST
    assert within([toy(SMALL, SMALL.at(0)), HISTORY[0]], LONG) == [HISTORY[0]]


def test_a_failure_is_the_worst():
    failed = Record(HISTORY[5].arch, {"accuracy": float("nan")})
    y = model_of(Linear(), [*HISTORY[:5], failed], LONG, "accuracy")[1]
    assert y.argmin() == 5


@pytest.mark.parametrize("predictor", ["boosted-trees", "pairwise"])
def test_other_predictors(predictor):
    asked = Filtered(Random(), predictor, keep=0.1).ask(HISTORY, LONG, np.random.default_rng(1), 10)
    middle = np.median([record.metrics["accuracy"] for record in HISTORY])
    assert np.mean([toy(LONG, arch).metrics["accuracy"] > middle for arch in asked]) >= 0.8


@pytest.mark.parametrize(
    "wrong", [{"initial": 0}, {"batch": 0}, {"mutants": 0}, {"acquisition": "greedy"}, {"weight": -1.0}]
)
def test_refuses(wrong):
    with pytest.raises(BadValue, match=r"expected .*; got .*; correct them"):
        PredictorGuided(**wrong)


@pytest.mark.parametrize("maker", [PredictorGuided, Filtered])
def test_refuses_an_unknown_predictor(maker):
    with pytest.raises(UnknownName, match="did you mean 'linear'"):
        maker(predictor="lineal")


# -- filtered -------------------------------------------------------------------------------------------


def test_filtered_keeps_the_proposals_with_the_highest_predictions():
    explorer = Filtered(Random(), keep=0.25, batch=10)
    asked = explorer.ask(HISTORY, LONG, np.random.default_rng(3), 10)
    proposed = Random().ask(HISTORY, LONG, np.random.default_rng(3), 40)
    model, _ = model_of(Linear(), HISTORY, LONG, "accuracy")
    predicted = dict(zip(proposed, model.predict(features(Linear(), LONG, proposed)), strict=True))
    assert asked == sorted(proposed, key=lambda arch: -predicted[arch])[:10]


def test_filtered_leaves_the_first_proposals_alone():
    asked = Filtered(Random()).ask(HISTORY[:15], LONG, np.random.default_rng(3), 10)
    assert asked == Random().ask(HISTORY[:15], LONG, np.random.default_rng(3), 5)


def test_filtered_keeps_a_share_of_a_generation_that_ends():
    explorer = Filtered(Genetic(population=30, mutations=10, crossovers=10), keep=0.5, batch=50)
    assert len(explorer.ask(HISTORY[:44], LONG, np.random.default_rng(3), 50)) == 8, "half of 16, rounded up"
    assert len(explorer.ask(HISTORY[:59], LONG, np.random.default_rng(3), 50)) == 1


@pytest.mark.parametrize("wrong", [{"keep": 0.0}, {"keep": 1.5}, {"initial": 0}, {"batch": 0}])
def test_filtered_refuses(wrong):
    with pytest.raises(BadValue, match="a share to keep"):
        Filtered(**wrong)


def test_its_contract_with_genetic_search():
    for check in (battery.valid_and_new, battery.exhausts, battery.refuses):
        check(Filtered(Genetic(population=20, parents=4, mutations=8, crossovers=8), keep=0.5))
