"""Progressive shrinking, against lists of all architectures."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from tests.oracles import costs as oracle

import gapless.methods
from gapless.core import Linear, Progress, Streams
from gapless.engine.check import conflicts
from gapless.parts.sample.price import ranked
from gapless.parts.sample.shrinking import Shrinking
from gapless.spaces.darts import Darts
from gapless.spaces.gold_nas import GoldNas
from gapless.testing.methods import SPACES, advance, shortened, started

from .test_by_cost import LAYERS, drawn_costs
from .test_uniform import fits_uniform, key
from .views import view

CELL = Darts(1, ("max_pool_3x3", "skip_connect", "sep_conv_3x3")).choices


def dearest_inside(choices, path, option, costs):
    """The most that an option can cost with what it holds, over all architectures that have it."""
    found = []
    for arch in choices:
        if option in arch.picked_at(path):
            below = oracle.price(choices, arch, {
                group.name: np.where(
                    np.array([[row[: len(path) + 1] == (*path, option) or (row == path and o == option)
                               for o in group.options] for row in group.rows]),
                    costs[group.name], 0.0)
                for group in choices.groups()
            })  # fmt: skip
            found.append(below)
    return max(found)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("choices", [LAYERS, CELL], ids=["chain", "darts"])
def test_options_in_the_order_of_what_they_cost_with_all_that_they_hold(choices, seed):
    costs = drawn_costs(choices, seed)
    for path, options in ranked(choices, costs).items():
        worths = [dearest_inside(choices, path, option, costs) for option in options]
        assert worths == sorted(worths, reverse=True), path
        assert sorted(options) == sorted(choices.choice(path).options)


@pytest.mark.parametrize("share", [0.0, 0.2, 1 / 3, 0.5, 1.0])
@pytest.mark.parametrize("choices", [LAYERS, CELL], ids=["chain", "darts"])
def test_uniform_among_the_dearest_options(choices, share):
    costs, drawn = drawn_costs(choices, 3), Counter()
    order = ranked(choices, costs)

    def fits(arch, path=(), inside=choices):
        for choice in inside.choices:
            here = (*path, choice.name)
            few = max(choice.most, math.floor(share * len(choice.options)) + 1)
            for option in arch.picked_at(here):
                if option not in order[here][:few]:
                    return False
                if not fits(arch, (*here, option), choice.inside(option)):
                    return False
        return True

    allowed = {key(choices.active(arch)) for arch in choices if fits(arch)}
    for step in range(20 * len(allowed)):
        tables = Shrinking(2, share)(view(choices, costs=costs), Streams(0).generator("sample", step))
        drawn.update(map(key, tables))
    assert set(drawn) == allowed
    assert share > 0 or len(allowed) == 1
    assert len(allowed) == 1 or fits_uniform(list(drawn.values()), len(allowed))


def test_more_options_as_time_goes_on():
    costs, found = {"layers": np.array([[0.0, 1.0, 3.0]] * 3)}, []
    for step in range(4):
        run = view(LAYERS, costs=costs)
        run.progress = Progress(step, 3)
        found.append([len(choice.options) for choice in Shrinking().narrowed(run).choices])
    assert found == [[1] * 3, [2] * 3, [3] * 3, [3] * 3]


def test_by_what_is_counted():
    by = {
        "macs": {"layers": np.array([[0.0, 1.0, 3.0]] * 3)},
        "params": {"layers": np.array([[3.0, 1.0, 0.0]] * 3)},
    }
    run, found = view(LAYERS), {}
    run.costs = by.__getitem__
    for kind in by:
        (dearest,) = Shrinking(1, 0.0, kind).narrowed(run)
        found[kind] = [dearest.option(choice.name) for choice in LAYERS.choices]
    assert found == {"macs": ["k3e2"] * 3, "params": ["identity"] * 3}


@pytest.mark.parametrize("tiny", SPACES, ids=["chain", "darts"])
def test_in_a_search(tiny):
    recipe = shortened(gapless.methods.get("spos", "quick"))
    recipe = replace(recipe, stages=(replace(recipe.stages[0], sample=Shrinking(2)),))
    assert conflicts(recipe, tiny[0]) == []
    assert advance(started(recipe, tiny)) in tiny[0].choices


@pytest.mark.parametrize(
    ("part", "words"),
    [(Shrinking(0), "at least 1"), (Shrinking(cost="watts"), "'watts'"), (Shrinking(share=2.0), "0 to 1")],
)
def test_what_makes_no_sense_is_said(part, words):
    recipe = gapless.methods.get("spos", "quick")
    recipe = replace(recipe, stages=(replace(recipe.stages[0], sample=part),))
    assert words in conflicts(recipe, SPACES[0][0])[0]


def test_where_the_number_of_picks_is_open_there_is_no_dearest_few():
    recipe = gapless.methods.get("spos", "quick")
    recipe = replace(recipe, stages=(replace(recipe.stages[0], sample=Shrinking(1, Linear(0.0, 1.0))),))
    assert any("shrinking" in line for line in conflicts(recipe, GoldNas()))
