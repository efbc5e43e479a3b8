"""Greedy slimming, against the same written over a list of all architectures."""

from dataclasses import replace

import pytest
from tests.nn.models import MODELS, Net, inverted
from tests.oracles import costs as oracle
from torch import nn

import gapless.methods
from gapless.engine import slim
from gapless.engine.check import conflicts
from gapless.engine.slim import Slim, cheaper
from gapless.evaluate.cost import Limits
from gapless.evaluate.inherited import Inherited
from gapless.explore.limited import Limited
from gapless.explore.random import Random
from gapless.nets.cost import count
from gapless.nn import Choose, Repeat
from gapless.spaces import from_module
from gapless.spaces.contract import Shape, subnet
from gapless.spaces.darts import Darts
from gapless.testing.methods import advance, differing, reopened, shortened, started

from .toys import CHAIN

ONE_BATCH = Inherited(1, 8)
CELLS = Darts(1, ("max_pool_3x3", "skip_connect", "dil_conv_3x3")), Shape(4, 3, affine=False, pool_norm=True)


NESTED = (
    from_module(
        lambda image: Net(image, 4, stage=Repeat(lambda i: inverted(4, (2, 4), (3, 5)), (1, 2))),
        name="nested",
    ),
    Shape(4),
)


def unlike():
    """A 1x1 convolution of every pixel costs more than a 3x3 one of 2x2 pixels, and has fewer parameters."""
    few = nn.Sequential(nn.AvgPool2d(4), nn.Conv2d(4, 4, 3, padding=1), nn.Upsample(scale_factor=4))
    return Choose(large=nn.Conv2d(4, 4, 5, padding=2), small=nn.Conv2d(4, 4, 1), few=few)


OPPOSED = from_module(lambda image: Net(image, 4, one=unlike(), two=unlike()), name="opposed"), Shape(4)


def run_of(select, tiny=CHAIN, method="spos"):
    recipe = replace(shortened(gapless.methods.get(method, "quick")).scaled(1), select=select)
    return started(recipe, tiny)


def taken(arch, prefix=()):
    """Everything that an architecture picks, each as the path of its choice and the option."""
    for name, options in arch.picks:
        for option, inner in options:
            yield (*prefix, name), option
            yield from taken(inner, (*prefix, name, option))


def dropped(at, near):
    """What a neighbour has no more, the outermost of it."""
    return min(set(taken(at)) - set(taken(near)), key=lambda pair: len(pair[0]))


def written_out(run, allowed, most, kind="macs"):
    """Scores in the order in which they are needed, and what is found."""
    costs, choices = run.costs(kind), run.choices
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
    while not allowed(at) and (ways := ways_from(choices, price, at)):
        at = max(ways, key=score)
    kept = [record for record in scores.values() if most is None or price_of(run, record.arch) <= most]
    best = max(kept, key=lambda r: (r.metrics["accuracy"], -r.cost["macs"]))
    return list(scores), best.arch


def keeps(choices, at, near):
    """Whether a new option holds what the old one holds, where both hold the same choice."""
    path, old = dropped(at, near)
    new = set(near.picked_at(path)) - set(at.picked_at(path))
    choice = choices.choice(path)
    same = {c for option in new for c in choice.inside(option).choices if c in choice.inside(old).choices}
    held, holds = at.picked_at(path)[old], [near.picked_at(path)[option] for option in new]
    return all(inner[c.name] == held[c.name] for c in same for inner in holds)


def ways_from(choices, price, at):
    """For each pick the dearest cheaper neighbour that drops it and keeps what it can, in order."""
    ways = {}
    for near in choices.neighbours(at):
        if price[near] < price[at] and keeps(choices, at, near):
            ways.setdefault(dropped(at, near), []).append(near)
    order = [pair for pair in taken_in_order(choices, at) if pair in ways]
    return [max(ways[pair], key=price.get) for pair in order]


def taken_in_order(space, arch, prefix=()):
    for choice in space.choices:
        for option in (o for o in choice.options if o in arch[choice.name]):
            yield (*prefix, choice.name), option
            inner = choice.inside(option)
            yield from taken_in_order(inner, arch[choice.name][option], (*prefix, choice.name, option))


def price_of(run, arch):
    return count(subnet(run.space, arch, run.use.shape, run.use.image), run.use.image).macs


@pytest.mark.parametrize("kind", ["macs", "params"])
@pytest.mark.parametrize("tiny", [CHAIN, CELLS, NESTED, OPPOSED], ids=["chain", "darts", "nested", "opposed"])
def test_without_limits_to_the_cheapest(tiny, kind):
    run = run_of(Slim(60, ONE_BATCH, cost=kind), tiny)
    found = advance(run)
    expected, best = written_out(run, lambda arch: False, None, kind)
    assert [record.arch for record in run.history] == expected
    assert found == best
    costs = run.costs(kind)
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


def test_several_ways_on_inside_one_option():
    run = run_of(Slim(60, ONE_BATCH), NESTED)
    advance(run)
    at = run.history[0].arch
    assert len(cheaper(run.choices, run.costs("macs"), at)) == 5, (
        "a depth, and kernel and width of two layers"
    )


@pytest.mark.parametrize("tiny", [CHAIN, OPPOSED], ids=["chain", "opposed"])
def test_limits_on_parameters_lead_the_way_by_parameters(tiny):
    probe = run_of(Slim(1, ONE_BATCH), tiny)

    def parameters(arch):
        return count(subnet(probe.space, arch, probe.use.shape, probe.use.image), probe.use.image).parameters

    most = float(sorted(parameters(arch) for arch in probe.choices)[2])
    run = run_of(Slim(60, ONE_BATCH, limits=Limits((("params", most),), probe.use.shape)), tiny)
    found = advance(run)
    expected, _ = written_out(run, lambda arch: parameters(arch) <= most, None, "params")
    assert [record.arch for record in run.history] == expected
    assert parameters(found) <= most


@pytest.mark.parametrize("part", [0.0, 0.3, 0.5])
def test_where_evaluations_are_spent_the_way_goes_on_by_what_saves_most(part):
    probe = run_of(Slim(1, ONE_BATCH))
    every = sorted(price_of(probe, arch) for arch in probe.choices)
    most = float(every[int(part * (len(every) - 1))])
    run = run_of(Slim(1, ONE_BATCH, limits=Limits((("macs", most),), probe.use.shape)))
    found = advance(run)
    assert len(run.history) == 1
    price = {arch: oracle.price(run.choices, arch, run.costs("macs")) for arch in run.choices}
    at = run.history[0].arch
    while price_of(run, at) > most:
        at = min(ways_from(run.choices, price, at), key=price.get)
    assert found == at


def test_no_more_evaluations_than_it_has():
    run = run_of(Slim(4, ONE_BATCH))
    advance(run)
    assert len(run.history) == 4, "1 and then 2 at once, of which the last step has room for 1"


def test_where_the_cheapest_is_not_allowed_the_one_that_was_found_before_is_drawn(monkeypatch):
    """Limits on what the operations' prices do not know, such as latency."""
    run = run_of(Slim(60, ONE_BATCH, limits=Limits((("latency", 1.0),), CHAIN[1])))
    few = set(list(run.choices)[3:6])
    monkeypatch.setattr(slim, "permission", lambda limits, run: few.__contains__)
    before = Limited(Random(), few.__contains__, tries=0)
    rng = run.streams_of_run.generator("limits")
    (expected,) = before.ask((), run.choices, rng, 1)
    monkeypatch.setattr(slim, "cheaper", lambda *_: [])
    assert advance(run) == expected


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
    assert conflicts(recipe, run.space) == []
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
