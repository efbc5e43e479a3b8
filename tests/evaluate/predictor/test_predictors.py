"""Every predictor keeps the contract; formulas against plain ones; broken ones are found out."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracles import predictors as oracle

from gapless.core.errors import BadValue, UnknownName
from gapless.core.record import Record
from gapless.evaluate import predictor as predictors
from gapless.evaluate.predictor.boosted_trees import BoostedTrees
from gapless.evaluate.predictor.contract import encoded, features, fitted, moments
from gapless.evaluate.predictor.gaussian_process import GaussianProcess
from gapless.evaluate.predictor.gcn import Gcn, Graphs
from gapless.evaluate.predictor.held_out import Agreement, held_out, tau
from gapless.evaluate.predictor.linear import Linear
from gapless.evaluate.predictor.lstm import Lstm, sentences
from gapless.evaluate.predictor.mlp import Mlp
from gapless.evaluate.predictor.normal_scores import normal_scores
from gapless.evaluate.predictor.pairwise import Pairwise
from gapless.explore.random import Random
from gapless.nets.seeded import seeded
from gapless.spaces.nb201 import Nb201
from gapless.testing.explorers import NESTED, searched

EXACT = 1e-10
QUICK = {
    "mlp": {"epochs": 60}, "lstm": {"epochs": 30, "members": 2},
    "gcn": {"epochs": 50, "width": 16, "members": 2},
}  # fmt: skip
RECORDS = searched(Random(), NESTED, 60, 60)
ARCHS = [record.arch for record in RECORDS]
SCORES = np.array([record.metrics["accuracy"] for record in RECORDS])


def made(name):
    return predictors.get(name, **QUICK.get(name, {}))


def numbers(seed, n=12, d=5):
    rng = np.random.default_rng(seed)
    return (rng.random((n, d)) < 0.4).astype(float), rng.normal(size=n)


# -- the contract ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", predictors.names())
def test_orders_what_it_has_not_seen_and_is_the_same_at_every_fit(name):
    predictor = made(name)
    x = features(predictor, NESTED, ARCHS)
    before = x.copy()
    torch.manual_seed(0)
    model = fitted(predictor, x[:40], SCORES[:40])
    predicted = model.predict(x[40:])
    assert tau(predicted, SCORES[40:]) > 0.35, "20 of no relation: below 0.33 with probability 0.98"
    torch.manual_seed(1)
    again = fitted(made(name), x[:40], SCORES[:40]).predict(features(predictor, NESTED, ARCHS[40:]))
    np.testing.assert_allclose(again, predicted, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(x, before)
    mean, spread = moments(model, x[40:])
    np.testing.assert_allclose(mean, predicted, atol=1e-6)
    assert (spread >= 0).all()
    assert name == "pairwise" or spread.min() > 0, "all but one know how sure they are"
    hash(predictor)


@pytest.mark.parametrize("name", predictors.names())
def test_equal_values_and_a_single_row(name):
    predictor = made(name)
    x = features(predictor, NESTED, ARCHS[:5])
    for rows in (1, 5):
        predicted = fitted(predictor, x[:rows], np.full(rows, 0.25)).predict(x)
        assert np.isfinite(predicted).all()
        assert np.ptp(predicted[:rows]) < 0.1


@pytest.mark.parametrize("name", predictors.names())
@pytest.mark.parametrize("wrong", ["none", "too few values", "nan"])
def test_refuses(name, wrong):
    x = features(made(name), NESTED, ARCHS[:4])
    y = {"none": np.zeros(0), "too few values": SCORES[:3], "nan": np.array([0.1, math.nan, 0.2, 0.3])}[wrong]
    with pytest.raises(BadValue, match=r"expected at least one row .*; got rows of .*; give"):
        made(name).fit(x[:0] if wrong == "none" else x, y)


def test_a_regressor_of_scikit_learn_is_a_predictor():
    from sklearn.neighbors import KNeighborsRegressor

    theirs = KNeighborsRegressor(n_neighbors=3)
    found = held_out(theirs, NESTED, RECORDS)
    assert found.tau > 0.1
    assert not hasattr(theirs, "n_samples_fit_"), "a copy was fitted"
    assert moments(fitted(theirs, np.eye(4), np.arange(4.0)), np.eye(4))[1].tolist() == [0.0] * 4


def test_unknown_name_gets_a_suggestion():
    with pytest.raises(UnknownName, match="did you mean 'linear'"):
        predictors.get("lineal")


def test_encodings_are_those_of_the_space_and_cannot_be_changed():
    np.testing.assert_array_equal(encoded(NESTED, ARCHS[0]), NESTED.encode(ARCHS[0]))
    with pytest.raises(ValueError, match="read-only"):
        encoded(NESTED, ARCHS[0])[0] = 2.0


@pytest.mark.parametrize(
    ("maker", "wrong"),
    [
        (BoostedTrees, {"trees": 0}),
        (BoostedTrees, {"share": 0.0}),
        (GaussianProcess, {"scales": ()}),
        (GaussianProcess, {"noises": (0.0,)}),
        (Gcn, {"layers": 0}),
        (Lstm, {"members": 0}),
        (Mlp, {"epochs": 0}),
        (Pairwise, {"c": 0.0}),
    ],
)
def test_settings_that_cannot_be_are_refused(maker, wrong):
    with pytest.raises(BadValue, match=next(iter(wrong))):
        maker(**wrong)


# -- formulas -------------------------------------------------------------------------------------------


@settings(derandomize=True, deadline=None, max_examples=15)
@given(st.integers(0, 10**6))
def test_gaussian_process(seed):
    x, y = numbers(seed)
    at, _ = numbers(seed + 1, 7)
    one = GaussianProcess(scales=(3.0,), noises=(0.2,)).fit(x, y)
    mean, spread = oracle.process(x, y, at, 3.0, 0.2)
    np.testing.assert_allclose(one.moments(at), (mean, spread), rtol=0, atol=EXACT)
    np.testing.assert_allclose(one.predict(at), mean, rtol=0, atol=EXACT)
    pairs = [(s, n) for s in (1.0, 4.0) for n in (0.05, 0.4)]
    scale, noise = max(pairs, key=lambda pair: oracle.log_evidence(x, y, *pair))
    best = GaussianProcess(scales=(1.0, 4.0), noises=(0.05, 0.4)).fit(x, y)
    np.testing.assert_allclose(best.moments(at), oracle.process(x, y, at, scale, noise), rtol=0, atol=EXACT)


@settings(derandomize=True, deadline=None, max_examples=15)
@given(st.integers(0, 10**6))
def test_linear_is_ridge_regression_at_its_own_penalty(seed):
    x, y = numbers(seed, 20)
    model = Linear().fit(x, y)
    penalty = model.regressor.lambda_ / model.regressor.alpha_
    w, b = oracle.ridge(x, y, penalty)
    np.testing.assert_allclose(model.predict(x), x @ w + b, rtol=0, atol=1e-8)


@settings(derandomize=True, deadline=None, max_examples=10)
@given(st.integers(0, 10**6))
def test_pairwise_is_where_the_gradient_vanishes(seed):
    x, y = numbers(seed)
    y = np.round(y, 0)
    weights = Pairwise(c=5.0).fit(x, y).weights
    assert np.abs(oracle.pair_gradient(weights, x, y, 5.0)).max() < 1e-3
    assert np.abs(oracle.pair_gradient(weights + 0.1, x, y, 5.0)).max() > 1e-2


def test_pairwise_sees_the_order_alone_and_a_share_of_pairs():
    x, y = numbers(3, 40)
    one, other = Pairwise().fit(x, y), Pairwise().fit(x, np.exp(3 * y))
    np.testing.assert_array_equal(one.weights, other.weights)
    few = [Pairwise(pairs=100, seed=seed).fit(x, y).weights for seed in (0, 0, 1)]
    assert (few[0] == few[1]).all()
    assert not (few[0] == few[2]).all()


@settings(derandomize=True, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=20))
def test_normal_scores(values):
    y = np.array(values, dtype=float)
    np.testing.assert_allclose(normal_scores(y), oracle.normal_scores(values), rtol=0, atol=EXACT)
    np.testing.assert_array_equal(normal_scores(np.exp(y)), normal_scores(y))


@settings(derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=15))
def test_tau(pairs):
    a, b = np.array(pairs, dtype=float).T
    if len(set(a)) == 1 or len(set(b)) == 1:
        assert math.isnan(tau(a, b))
    else:
        assert abs(tau(a, b) - oracle.tau_b(a, b)) < EXACT


def test_graph_network():
    """Two members, one layer, on graphs of different sizes, in float64."""
    with seeded(0):
        net = Graphs(2, 3, 4, 1).double()
        for parameter in net.parameters():
            torch.nn.init.normal_(parameter)
    rng = np.random.default_rng(0)
    x = np.zeros((2, 4, 7))
    for graph, nodes in zip(x, (4, 2), strict=True):
        graph[:nodes, :nodes] = np.triu(rng.random((nodes, nodes)) < 0.6, 1)
        graph[np.arange(nodes), 4 + rng.integers(3, size=nodes)] = 1
    found = net(torch.from_numpy(x)).detach().numpy()
    for member in range(2):
        weights = [
            (layer.weight[member].detach().numpy(), layer.bias[member, 0].detach().numpy())
            for layer in (net.onward[0], net.backward[0], net.head)
        ]
        for i, nodes in enumerate((4, 2)):
            state = oracle.graph_layer(x[i, :nodes, :nodes], x[i, :nodes, 4:], *weights[:2])
            expected = state.mean(0) @ weights[2][0] + weights[2][1]
            assert abs(found[member, i] - expected[0]) < EXACT


def test_graph_network_does_not_see_the_order_of_nodes():
    predictor = Gcn(drawing=Nb201().drawing, epochs=5, width=8)
    rng = np.random.default_rng(0)
    archs = [Nb201().choices.sample(rng) for _ in range(12)]
    x = predictor.features(Nb201().choices, archs)
    model, v = predictor.fit(x, np.arange(12.0)), x.shape[1]
    order = rng.permutation(v)
    moved = np.concatenate((x[:, order][:, :, order], x[:, order, v:]), axis=2)
    np.testing.assert_allclose(model.predict(moved), model.predict(x), atol=1e-4)
    wider = np.zeros((12, v + 2, x.shape[2] + 2))
    wider[:, :v, :v], wider[:, :v, v + 2 :] = x[:, :, :v], x[:, :, v:]
    np.testing.assert_allclose(model.predict(wider), model.predict(x), atol=1e-4)


def test_drawn_graph_of_a_cell():
    """in -> conv -> node 1 -> skip -> out, in -> pool -> out: 4 nodes and 3 operations."""
    picks = dict.fromkeys(("0-1", "0-2", "1-2", "0-3", "1-3", "2-3"), "none")
    space = Nb201()
    arch = type(ARCHS[0]).of(picks | {"0-1": "nor_conv_3x3", "1-3": "skip_connect", "0-3": "avg_pool_3x3"})
    (x,) = Gcn(drawing=space.drawing).features(space.choices, [arch])
    links = {(int(a), int(b)) for a, b in np.argwhere(x[:, : len(x)])}
    named = [edge["label"] for edge in space.drawing(arch)[0]["edges"]]
    conv, pool, skip = (4 + named.index(o) for o in ("nor_conv_3x3", "avg_pool_3x3", "skip_connect"))
    assert links == {(0, conv), (conv, 1), (1, skip), (skip, 3), (0, pool), (pool, 3)}
    marks = x[:, len(x) :]
    assert marks.sum(1).tolist() == [2.0] * 7
    assert len({tuple(row) for row in marks[[0, 1, 3, conv, pool, skip]].tolist()}) == 6
    assert marks[1].tolist() == marks[2].tolist(), "both are inner nodes"


def test_nested_graph_links_what_is_inside_and_what_comes_next():
    arch = ARCHS[0]
    (x,) = Gcn().features(NESTED, [arch])
    count = int(NESTED.encode(arch).sum())
    assert x.shape == (count, count + len(NESTED.encode(arch)))
    np.testing.assert_array_equal(x[:, count:].sum(0), NESTED.encode(arch))
    inside = 3 * 2
    across = 2 * 2 + 2 * 2 + 2 * 1 + 1 + 1 + 1
    assert x[:, :count].sum() == inside + across


def test_sentences():
    x = torch.tensor([[1.0, 0, 1, 1], [0, 1, 0, 0], [0, 0, 0, 0]])
    words, lengths = sentences(x)
    assert words.tolist() == [[0, 2, 3], [1, 0, 0], [0, 0, 0]]
    assert lengths.tolist() == [3, 1, 0]


def test_what_follows_a_sentence_changes_nothing():
    x, y = numbers(0, 20, 8)
    model = Lstm(members=1, width=8, epochs=3).fit(x, y)
    whole = model.predict(x)
    alone = np.concatenate([model.predict(row[None]) for row in x])
    np.testing.assert_allclose(alone, whole, atol=1e-5)


# -- held out -------------------------------------------------------------------------------------------


def test_held_out_of_a_rule_that_is_linear():
    found = held_out(Linear(), NESTED, RECORDS)
    assert found.n == 60
    assert 0.7 < found.low < found.tau < found.high <= 1
    assert found == held_out(Linear(), NESTED, RECORDS)
    assert found != held_out(Linear(), NESTED, RECORDS, seed=1)


def test_held_out_of_noise_covers_zero():
    rng = np.random.default_rng(0)
    covered = 0
    for seed in range(10):
        noise = [Record(arch, {"accuracy": float(rng.normal())}) for arch in ARCHS]
        found = held_out(Linear(), NESTED, noise, seed=seed)
        covered += math.isnan(found.tau) or found.low <= 0 <= found.high
    assert covered >= 8


@dataclass(frozen=True)
class Fixed:
    """Learns nothing: what it predicts is a fixed function of the row."""

    def fit(self, x, y):
        return self

    def predict(self, x):
        return x @ np.arange(x.shape[1])


def test_held_out_is_the_mean_over_folds():
    x = features(Fixed(), NESTED, ARCHS)
    predicted = Fixed().predict(x)
    parts = np.array_split(np.random.default_rng(0).permutation(60), 4)
    expected = np.mean([oracle.tau_b(predicted[part], SCORES[part]) for part in parts])
    found = held_out(Fixed(), NESTED, RECORDS, folds=4)
    assert isinstance(found, Agreement)
    assert abs(found.tau - expected) < EXACT


@pytest.mark.parametrize(("count", "folds"), [(3, 2), (60, 1), (9, 5)])
def test_held_out_refuses_too_few(count, folds):
    with pytest.raises(BadValue, match=f"got {folds} folds and {count} records"):
        held_out(Linear(), NESTED, RECORDS[:count], folds=folds)


def test_held_out_refuses_records_without_a_value():
    with pytest.raises(BadValue, match="expected at least one row"):
        held_out(Linear(), NESTED, RECORDS, metric="loss")
