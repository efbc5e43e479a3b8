"""Sampling by capacity: odds against the oracle, frequencies against the odds."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chisquare
from tests.oracles import costs as oracle

import gapless.methods
from gapless.core import Streams
from gapless.engine.check import conflicts
from gapless.parts.sample.capacity import Capacity
from gapless.spaces.chain import Chain
from gapless.testing.methods import SPACES, advance, shortened, started

from .views import view

ERROR = 1e-6
LAYERS = Chain(("identity", "k3e1", "k3e2"), (1, 1), (1, 1), head=1).choices
PARAMETERS = np.array([[0.0, 16.0, 144.0], [0.0, 64.0, 100.0]])


@pytest.mark.parametrize("part", [Capacity(), Capacity(lightest=2.0, power=0.5), Capacity(power=0.0)])
def test_odds(part):
    found = part.odds({"layers": PARAMETERS}, LAYERS)["layers"]
    for row, parameters in zip(found, PARAMETERS, strict=True):
        expected = oracle.capacity(parameters.tolist(), part.lightest, part.power)
        assert np.abs(row - expected).max() < 1e-10


def test_a_choice_of_which_nothing_has_parameters_is_uniform():
    assert (Capacity().odds({"layers": 0 * PARAMETERS}, LAYERS)["layers"] == 1).all()


def test_what_is_no_option_is_never_drawn():
    """An option that another choice of the group has, and this one has not any more."""
    first = LAYERS.choices[0].name
    layers = LAYERS.restrict(lambda path, option: path != (first,) or option != "k3e1")
    group = layers.groups()[0]
    odds = Capacity().odds({"layers": PARAMETERS}, layers)["layers"]
    assert not group.pickable.all()
    assert ((odds > 0) == group.pickable).all()


def test_frequencies_are_the_odds():
    part, counts, n = Capacity(lightest=2.0, power=0.5), [Counter(), Counter()], 4000
    for step in range(n):
        (active,) = part(view(LAYERS, costs={"layers": PARAMETERS}), Streams(0).generator("sample", step))
        for row, counter in zip(active["layers"], counts, strict=True):
            counter[int(np.flatnonzero(row)[0])] += 1
    for counter, parameters in zip(counts, PARAMETERS, strict=True):
        odds = np.array(oracle.capacity(parameters.tolist(), 2.0, 0.5))
        assert chisquare([counter[k] for k in range(3)], n * odds / odds.sum()).pvalue > ERROR


@pytest.mark.parametrize("tiny", SPACES, ids=["chain", "darts"])
def test_in_a_search(tiny):
    recipe = shortened(gapless.methods.get("spos", "quick"))
    recipe = replace(recipe, stages=(replace(recipe.stages[0], sample=Capacity(2)),))
    assert conflicts(recipe, tiny[0]) == []
    run = started(recipe, tiny)
    assert len(run.paths()) == 2
    assert advance(run) in run.space.choices


@pytest.mark.parametrize("part", [Capacity(n=0), Capacity(lightest=0.0), Capacity(power=-1.0)])
def test_what_makes_no_sense_is_said(part):
    recipe = gapless.methods.get("spos", "quick")
    recipe = replace(recipe, stages=(replace(recipe.stages[0], sample=part),))
    assert "'capacity' needs at least 1" in conflicts(recipe, SPACES[0][0])[0]
