"""Samplers that go by what architectures cost, against lists of all architectures."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from tests.oracles import costs as oracle

import gapless.methods
from gapless.core import Streams
from gapless.engine.check import conflicts
from gapless.parts.sample.cost_uniform import CostUniform
from gapless.parts.sample.price import extreme, price
from gapless.parts.sample.sandwich import Sandwich
from gapless.spaces.chain import Chain
from gapless.spaces.darts import Darts
from gapless.testing.methods import SPACES, advance, shortened, started

from .test_uniform import fits_uniform, key
from .views import view

LAYERS = Chain(("identity", "k3e1", "k3e2"), (1, 1, 1), (1, 1, 1), head=1).choices
CELL = Darts(2, ("skip_connect", "sep_conv_3x3")).choices
WHOLE = {"layers": np.array([[0.0, 1.0, 3.0]] * 3)}


def drawn_costs(choices, seed=0):
    rng = np.random.default_rng(seed)
    return {g.name: rng.exponential(1.0, g.mask.shape) for g in choices.groups()}


@pytest.mark.parametrize("choices", [LAYERS, CELL], ids=["chain", "darts"])
def test_prices_and_extremes(choices):
    costs = drawn_costs(choices)
    all_of_them = {arch: oracle.price(choices, arch, costs) for arch in choices}
    for arch in list(all_of_them)[::37]:
        assert abs(price(choices.active(arch), costs) - all_of_them[arch]) < 1e-10
    assert extreme(choices, costs, dearest=True) == max(all_of_them, key=all_of_them.get)
    assert extreme(choices, costs, dearest=False) == min(all_of_them, key=all_of_them.get)


def test_bins_are_equally_likely_and_architectures_within_one():
    """Costs 0 to 9 of which 8 occurs never: three bins of 9, 12 and 6 architectures or so."""
    by_key = {key(LAYERS.active(a)): oracle.price(LAYERS, a, WHOLE) for a in LAYERS}
    sampler, bins, within = CostUniform(bins=3), Counter(), {0: Counter(), 1: Counter(), 2: Counter()}
    ends = np.array([0.0, 3.0, 6.0, 9.0])
    for step in range(3000):
        (active,) = sampler(view(LAYERS, costs=WHOLE), Streams(0).generator("sample", step))
        rng = Streams(0).generator("sample", step)
        k = int(rng.integers(3))
        assert ends[k] <= by_key[key(active)] <= ends[k + 1]
        bins[k] += 1
        within[k][key(active)] += 1
    assert fits_uniform(list(bins.values()), 3)
    for k, counts in within.items():
        inside = [c for c in by_key.values() if ends[k] <= c <= ends[k + 1]]
        assert len(counts) == len(inside)
        assert fits_uniform(list(counts.values()), len(inside))


def test_plain_uniform_sampling_would_not_fit():
    """What the test above could not tell from a uniform draw it would not be worth."""
    prices = [oracle.price(LAYERS, LAYERS.sample(Streams(0).generator("u", i)), WHOLE) for i in range(3000)]
    assert not fits_uniform(list(np.histogram(prices, [0, 3, 6, 9.1])[0]), 3)


def test_bins_between_shares():
    sampler = CostUniform(20, bins=2, low=0.5, high=0.9)
    for active in sampler(view(LAYERS, costs=WHOLE), Streams(0).generator("sample")):
        assert 4.5 <= price(active, WHOLE) <= 8.1


def test_after_so_many_tries_anything_is_taken():
    narrow = CostUniform(50, bins=1, low=0.85, high=0.88, tries=3)
    found = narrow(view(LAYERS, costs=WHOLE), Streams(0).generator("sample"))
    assert len(found) == 50
    assert len({price(active, WHOLE) for active in found}) > 3


def test_the_sandwich():
    costs, middle = drawn_costs(LAYERS, 1), Counter()
    all_of_them = {key(LAYERS.active(a)): oracle.price(LAYERS, a, costs) for a in LAYERS}
    for step in range(1400):
        rng = Streams(0).generator("sample", step)
        first, last, *others = (key(t) for t in Sandwich()(view(LAYERS, costs=costs), rng))
        assert all_of_them[first] == max(all_of_them.values())
        assert all_of_them[last] == min(all_of_them.values())
        assert len(others) == 2
        middle.update(others)
    assert fits_uniform(list(middle.values()), len(all_of_them))


@pytest.mark.parametrize("part", [CostUniform(2), Sandwich(3, cost="params")], ids=lambda p: type(p).__name__)
@pytest.mark.parametrize("tiny", SPACES, ids=["chain", "darts"])
def test_in_a_search(part, tiny):
    recipe = shortened(gapless.methods.get("spos", "quick"))
    recipe = replace(recipe, stages=(replace(recipe.stages[0], sample=part),))
    assert conflicts(recipe, tiny[0]) == []
    run = started(recipe, tiny)
    paths = run.paths()
    assert len(paths) == part.n
    if isinstance(part, Sandwich):
        dearest = extreme(run.choices, run.costs("params"), dearest=True)
        assert all(np.array_equal(paths[0][n].active, t) for n, t in run.choices.active(dearest).items())
    assert advance(run) in run.space.choices


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (CostUniform(low=0.5, high=0.5), "low < high"), (CostUniform(bins=0), "at least 1 bin"),
        (CostUniform(cost="watts"), "not 'watts'"), (Sandwich(1), "at least 2"),
        (Sandwich(cost="watts"), "not 'watts'"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said(part, words):
    recipe = gapless.methods.get("spos", "quick")
    recipe = replace(recipe, stages=(replace(recipe.stages[0], sample=part),))
    assert words in conflicts(recipe, SPACES[0][0])[0]
