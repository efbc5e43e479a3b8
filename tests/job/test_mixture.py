"""a0 of methods without a relaxation: the mean over paths as their stage draws them."""

from dataclasses import replace

import pytest

import gapless.methods
from gapless.measure.chain import PATHS, mixture
from gapless.parts.sample.cost_uniform import CostUniform
from gapless.parts.sample.sandwich import Sandwich
from gapless.testing.methods import SPACES, shortened, started


@pytest.mark.parametrize(
    "sampler", [None, CostUniform(), Sandwich(3)], ids=["own", "cost-uniform", "sandwich"]
)
def test_paths_come_from_the_stages_own_sampler(sampler):
    recipe = shortened(gapless.methods.get("spos", "quick"))
    if sampler is not None:
        recipe = replace(recipe, stages=(replace(recipe.stages[0], sample=sampler),))
    found = [mixture(started(recipe, SPACES[0])) for _ in range(2)]
    assert found[0] == found[1]
    assert PATHS <= found[0]["paths"] < PATHS + 3
    assert 0 <= found[0]["accuracy"] <= 1


def test_paths_come_from_what_the_update_rule_proposes():
    found = mixture(started(shortened(gapless.methods.get("enas", "quick")), SPACES[0]))
    assert found["paths"] == PATHS
