"""What a method is made of, and what two methods differ in, is what the recipes are."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gapless
from gapless import methods
from gapless.core.errors import UnknownName
from gapless.engine.recipe import PROSE, Recipe
from gapless.job.describe import contrasted, described, differences, method, settings_of, told
from gapless.job.settings import spread

NAMES = methods.names()
ROOT = Path(gapless.__file__).parents[1]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("preset", methods.PRESETS)
def test_everything_is_there(name: str, preset: str) -> None:
    recipe, found = methods.get(name, preset), described(name, preset)
    text = told(found)
    json.dumps(found)
    assert found["preset"] == preset
    assert set(found["defaults"]) == set(methods.PRESETS)
    for line in (recipe.title, recipe.equation, *recipe.terms, *recipe.deviations):
        assert line in text
    assert recipe.reference is not None
    for words in (recipe.reference.title, recipe.reference.arxiv, recipe.reference.code):
        assert words in text
    assert recipe.reference.bibtex(f"{name}{recipe.reference.year}") == found["citation"]
    for part in found["parts"]:
        assert (ROOT / part["file"]).is_file()
        assert part["file"] in text
        assert part["value"] in text
    held = [row["value"] for row in found["parts"]]
    for stage in recipe.stages:
        assert repr(stage.update) in held
        assert all(repr(part) in held for part in (*stage.regularize, *stage.perturb, *stage.observe))


def test_stages_are_named_where_not_all_have_a_part() -> None:
    recipe = methods.get("darts")
    (stage,) = recipe.stages
    second = replace(stage, update=replace(stage.update, order=2))
    rows = {row["value"]: row["stages"] for row in method(replace(recipe, stages=(stage, second)))["parts"]}
    assert rows[repr(stage.update)] == [1]
    assert rows[repr(second.update)] == [2]
    assert rows[repr(stage.relax)] == [1, 2]
    assert rows[repr(recipe.select)] == []
    shown = method(replace(recipe, stages=(stage, second)))
    more = {"defaults": {"paper": {}}, "preset": "paper"}
    assert f"{second.update!r} (stage 2)" in told(shown | more)


@pytest.mark.parametrize("name", NAMES)
def test_settings_are_named_as_set_names_them(name: str) -> None:
    """Every plain one is set to what it is, and nothing changes."""
    recipe, tried = methods.get(name, "quick"), 0
    for key, text in settings_of(recipe).items():
        value = held(recipe, key)
        if not dataclasses.is_dataclass(value) and not callable(value):
            assert repr(value) == text
            assert spread(((key, text),), {"recipe": recipe})["recipe"] == recipe, key
            tried += 1
    assert tried > 10


def held(recipe: Recipe, key: str) -> Any:
    """What stands at a key of `settings_of`."""
    head, *rest = key.split(".")
    value: Any = getattr(recipe, head) if hasattr(recipe, head) else getattr(recipe.stages[0], head)
    for word in rest:
        value = value[int(word)] if word.isdecimal() else getattr(value, word)
    return value


def test_every_number_of_a_recipe_is_a_setting() -> None:
    for name in NAMES:
        recipe = methods.get(name)
        found = settings_of(recipe)
        for field in dataclasses.fields(recipe):
            if field.name not in (*PROSE, "name", "stages"):
                keys = [key for key in found if key.split(".")[0] == field.name]
                assert keys or getattr(recipe, field.name) == (), (name, field.name)


def test_darts_and_its_second_order() -> None:
    found = differences("darts", "darts-2nd")
    assert found["parts"] == []
    assert found["values"] == [{"field": "update.order", "a": "1", "b": "2"}]
    title, row = contrasted(found).splitlines()
    assert title.split() == ["preset", "paper", "darts", "darts-2nd"]
    assert row.split() == ["update.order", "1", "2"]


def test_darts_and_pc_darts() -> None:
    found = differences("darts", "pc-darts")
    assert found["parts"] == [{"field": "relax", "a": "softmax", "b": "edge-product"}]
    values = {row["field"]: (row["a"], row["b"]) for row in found["values"]}
    assert values["partial"] == ("1", "4")
    assert values["freeze_alpha"] == ("0.0", "0.3")
    assert values["batch"] == ("64", "256")
    assert not any(key.startswith("relax.") for key in values), "the fields of another part are another's"
    assert {"epochs", "update.order"} & set(values) == set()


@given(st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from(methods.PRESETS))
@settings(derandomize=True, deadline=None, max_examples=40)
def test_differences_are_there_exactly_where_recipes_differ(a: str, b: str, preset: str) -> None:
    found, back = differences(a, b, preset), differences(b, a, preset)
    one, other = (replace(methods.get(name, preset), name="same") for name in (a, b))
    rows = [*found["parts"], *found["values"]]
    assert bool(rows) == (one.fingerprint != other.fingerprint)
    assert all(row["a"] != row["b"] for row in rows)
    mirrored = {(row["field"], row["b"], row["a"]) for row in (*back["parts"], *back["values"])}
    assert {(row["field"], row["a"], row["b"]) for row in rows} == mirrored
    if not rows:
        assert contrasted(found) == f"'{a}' and '{b}' do not differ in preset {preset}"


def test_unknown_names() -> None:
    with pytest.raises(UnknownName, match="did you mean 'darts'"):
        differences("darts", "dart")
    with pytest.raises(UnknownName, match="did you mean 'quick'"):
        described("darts", "quik")
