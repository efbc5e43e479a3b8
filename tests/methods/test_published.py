"""Constants of the recipes against the papers, and recipes as values across processes."""

import dataclasses
import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

import gapless.methods
from gapless.core import Progress, at
from gapless.core.errors import BadValue, UnknownName
from gapless.engine.recipe import PROSE, plain
from gapless.testing.methods import variants

NAMES = gapless.methods.names()
EVERY = {f"{n}/{p}": gapless.methods.get(n, p) for n in NAMES for p in gapless.methods.PRESETS}


@pytest.mark.parametrize(
    ("method", "first", "middle", "last"),
    [
        ("darts", 0.025, 0.013, 0.001), ("darts-2nd", 0.025, 0.013, 0.001), ("random", 0.025, 0.013, 0.001),
        ("spos", 0.5, 0.25, 0.0), ("fairnas", 0.045, 0.0225, 0.0), ("pc-darts", 0.1, 0.05, 0.0),
    ],
)  # fmt: skip
def test_learning_rates_run_between_the_published_ends(method, first, middle, last):
    recipe = gapless.methods.get(method)
    ends = [Progress(0, 300, 0, 300), Progress(150, 300, 150, 300), Progress(300, 300, 300, 300)]
    assert [at(recipe.weights.lr, p) for p in ends] == pytest.approx([first, middle, last], abs=1e-15)


def test_darts_as_published():
    recipe = gapless.methods.get("darts")
    weights, alphas = recipe.weights, recipe.alphas
    assert (recipe.epochs, recipe.batch, recipe.label_smoothing) == (50, 64, 0.0)
    assert (weights.kind, weights.betas[0], weights.weight_decay, weights.clip) == ("sgd", 0.9, 3e-4, 5.0)
    assert (alphas.kind, alphas.lr, alphas.betas, alphas.weight_decay) == ("adam", 3e-4, (0.5, 0.999), 1e-3)
    assert recipe.stages[0].relax.scale == 1e-3
    second = gapless.methods.get("darts-2nd").stages[0].update
    assert (second.order, second.product, second.radius) == (2, "difference", 0.01)


def test_single_path_as_published():
    recipe = gapless.methods.get("spos")
    assert (recipe.epochs, recipe.batch, recipe.label_smoothing) == (120, 1024, 0.1)
    assert (recipe.weights.betas[0], recipe.weights.weight_decay) == (0.9, 4e-5)
    assert recipe.select.evaluations == 20 * 50


def test_perturbation_as_published():
    """5 epochs between decisions: 14 edges and 3 nodes, the first before and the last after all others."""
    trained, chosen = gapless.methods.get("darts-pt").stages
    assert (trained.epochs, chosen.epochs) == (50, 5 * (14 + 3 - 1) + 1)


def test_a_controller_sees_dropped_features():
    assert gapless.methods.get("enas").stages[0].dropout == pytest.approx(1 - 0.9)


PROGRAM = """
import json, gapless.methods as methods
recipes = {f"{n}/{p}": methods.get(n, p) for n in methods.names() for p in methods.PRESETS}
print(json.dumps({key: recipe.fingerprint for key, recipe in recipes.items()}))
"""


def test_fingerprints_are_the_same_in_every_process():
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        out = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, check=True
        )
        assert json.loads(out.stdout) == {key: recipe.fingerprint for key, recipe in EVERY.items()}


def test_fingerprints_differ_between_methods_and_presets():
    assert len({recipe.fingerprint for recipe in EVERY.values()}) == len(EVERY)
    changed = {
        v.fingerprint
        for recipe in EVERY.values()
        for v in variants(recipe)
        if all(getattr(v, name) == getattr(recipe, name) for name in PROSE)
    }
    assert not changed & {recipe.fingerprint for recipe in EVERY.values()}


def test_a_fingerprint_names_modules_and_leaves_prose_out():
    recipe = EVERY["darts/paper"]
    twin = replace(recipe, title="t", equation="e", terms=(), reference=None, deviations=("d",))
    assert twin.fingerprint == recipe.fingerprint
    assert replace(recipe, name="other").fingerprint != recipe.fingerprint
    same = dataclasses.make_dataclass("Softmax", [("scale", float, 1e-3)], frozen=True)
    relax = recipe.stages[0].relax
    assert plain(relax)["is"] == "gapless.parts.relax.softmax.Softmax"
    assert plain(same()) != plain(relax)
    foreign = replace(recipe, stages=(replace(recipe.stages[0], relax=same()),))
    assert foreign.fingerprint != recipe.fingerprint


def test_equal_recipes_have_equal_fingerprints():
    recipe = EVERY["darts/paper"]
    twin = replace(recipe, weights=replace(recipe.weights, betas=(0.9, 0.0), clip=5))
    assert twin == recipe
    assert twin.fingerprint == recipe.fingerprint


def test_what_has_no_name_is_refused():
    class Schedule:
        def __call__(self, progress):
            return 0.1

    recipe = EVERY["darts/paper"]
    with pytest.raises(BadValue, match="instance of Schedule"):
        _ = replace(recipe, weights=replace(recipe.weights, lr=Schedule())).fingerprint
    assert plain(at)["is"] == "gapless.core.progress.at"


def test_unknown_names_are_refused_with_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'darts'"):
        gapless.methods.get("dart")
    with pytest.raises(UnknownName, match="did you mean 'quick'"):
        gapless.methods.get("darts", "quik")
    assert sorted(NAMES) == NAMES
