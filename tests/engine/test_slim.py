"""Greedy slimming, against the same written over a list of all architectures."""

from dataclasses import replace

import pytest
from tests.nn.models import MODELS
from tests.oracles import costs as oracle

import gapless.methods
from gapless.engine.check import conflicts
from gapless.engine.slim import Slim
from gapless.evaluate.cost import Limits
from gapless.evaluate.inherited import Inherited
from gapless.nets.cost import count
from gapless.spaces import from_module
from gapless.spaces.contract import Shape, subnet
from gapless.spaces.darts import Darts
from gapless.testing.methods import advance, differing, reopened, shortened, started

from .toys import CHAIN

ONE_BATCH = Inherited(1, 8)
CELLS = Darts(1, ("max_pool_3x3", "skip_connect", "dil_conv_3x3")), Shape(4, 3, affine=False, pool_norm=True)


def run_of(select, tiny=CHAIN, method="spos"):
    recipe = replace(shortened(gapless.methods.get(method, "quick")).scaled(1), select=select)
    return started(recipe, tiny)


def written_out(run, allowed, most):
    """Scores in the order in which they are needed, and what is found."""
    costs, choices = run.costs("macs"), run.choices
    price = {arch: oracle.price(choices, arch, costs) for arch in choices}
    scores = {}

    def score(arch):
        if arch not in scores:
            (record,) = ONE_BATCH.scores(
                run.space, run.net, [arch], run.net_shape, run.data, "cpu",
                run.streams_of_run.child("recalibrate"),
            )  # fmt: skip
            scores[arch] = record
        return scores[arch].metrics["accuracy"]

    at = max(choices, key=price.get)
    score(at)
    while not allowed(at):
        ways = []
        for choice in choices.choices:
            here = [
                arch for arch in choices.neighbours(at)
                if {c.name for c in choices.choices if arch[c.name] != at[c.name]} == {choice.name}
            ]  # fmt: skip
            others = [arch for arch in here if price[arch] < price[at]]
            if others:
                ways.append(max(others, key=price.get))
        if not ways:
            break
        at = max(ways, key=score)
    kept = [record for record in scores.values() if most is None or price_of(run, record.arch) <= most]
    best = max(kept, key=lambda r: (r.metrics["accuracy"], -r.cost["macs"]))
    return list(scores), best.arch


def price_of(run, arch):
    return count(subnet(run.space, arch, run.use.shape, run.use.image), run.use.image).macs


@pytest.mark.parametrize("tiny", [CHAIN, CELLS], ids=["chain", "darts"])
def test_without_limits_to_the_cheapest(tiny):
    run = run_of(Slim(60, ONE_BATCH), tiny)
    found = advance(run)
    expected, best = written_out(run, lambda arch: False, None)
    assert [record.arch for record in run.history] == expected
    assert found == best
    costs = run.costs("macs")
    prices = [oracle.price(run.choices, arch, costs) for arch in expected]
    assert prices[0] == max(oracle.price(run.choices, arch, costs) for arch in run.choices)
    assert min(prices) == min(oracle.price(run.choices, arch, costs) for arch in run.choices)


@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_with_limits_to_the_first_that_keeps_them(part):
    probe = run_of(Slim(1, ONE_BATCH))
    every = sorted(price_of(probe, arch) for arch in probe.choices)
    most = float(every[int(part * (len(every) - 1))])
    run = run_of(Slim(60, ONE_BATCH, limits=Limits((("macs", most),), probe.use.shape)))
    found = advance(run)
    expected, best = written_out(run, lambda arch: price_of(run, arch) <= most, most)
    assert [record.arch for record in run.history] == expected
    assert found == best
    assert price_of(run, found) <= most


def test_where_evaluations_are_spent_the_way_goes_on_unscored():
    probe = run_of(Slim(1, ONE_BATCH))
    least = min(price_of(probe, arch) for arch in probe.choices)
    run = run_of(Slim(1, ONE_BATCH, limits=Limits((("macs", float(least)),), probe.use.shape)))
    found = advance(run)
    assert len(run.history) == 1
    assert price_of(run, found) == least


def test_where_the_cheapest_is_not_allowed_one_that_is_is_drawn(monkeypatch):
    """Limits on what the operations' prices do not know, such as latency."""
    run = run_of(Slim(60, ONE_BATCH, limits=Limits((("latency", 1.0),), CHAIN[1])))
    only = run.choices.at(4)
    monkeypatch.setattr("gapless.engine.slim.permission", lambda limits, run: lambda arch: arch == only)
    monkeypatch.setattr("gapless.engine.select.permission", lambda limits, run: lambda arch: arch == only)
    assert advance(run) == only


@pytest.mark.parametrize("tiny", [CHAIN, CELLS], ids=["chain", "darts"])
def test_interrupted_between_any_two_steps_it_ends_the_same(tiny):
    whole = run_of(Slim(7, ONE_BATCH), tiny)
    arch, steps = advance(whole), whole.progress.steps
    for done in (1, 2, 4):
        half = run_of(Slim(7, ONE_BATCH), tiny)
        if advance(half, steps + done) is None:
            again = reopened(half)
            assert advance(again) == arch
            assert differing(whole, again) == []


@pytest.mark.parametrize("method", ["autoslim", "ofa"])
@pytest.mark.parametrize("name", MODELS)
def test_kernels_widths_and_depths_of_ones_own_network(method, name):
    make, _ = MODELS[name]
    recipe = replace(shortened(gapless.methods.get(method, "quick")), select=Slim(12, ONE_BATCH))
    run = started(recipe, (from_module(make, name=name), Shape(4)))
    if conflicts(recipe, run.space):
        pytest.skip("the space leaves the number of picks open")
    assert advance(run) in run.choices
    first, *others = run.history
    assert all(record.cost["macs"] < first.cost["macs"] for record in others)


@pytest.mark.parametrize(
    ("method", "select", "words"),
    [("darts", Slim(3), "has no sampler"), ("spos", Slim(3, cost="watts"), "not 'watts'")],
)
def test_what_makes_no_sense_is_said(method, select, words):
    recipe = replace(gapless.methods.get(method, "quick"), select=select)
    assert words in conflicts(recipe, CHAIN[0])[0]
