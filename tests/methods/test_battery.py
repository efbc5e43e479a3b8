"""Every method in every preset passes the shipped battery."""

import pytest

import gapless.methods
from gapless.testing.methods import checks

RECIPES = [(name, preset) for name in gapless.methods.names() for preset in gapless.methods.PRESETS]


@pytest.mark.parametrize("check", checks, ids=lambda check: check.__name__)
@pytest.mark.parametrize(("name", "preset"), RECIPES, ids="-".join)
def test_holds(name, preset, check):
    recipe = gapless.methods.get(name, preset)
    assert recipe.name == name
    check(recipe)
