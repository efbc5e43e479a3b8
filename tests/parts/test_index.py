"""The index of parts: every part has a name, every name is a part of its kind, all else is refused."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re
from typing import Any

import pytest

import gapless.parts
from gapless.core.errors import BadValue, UnknownName
from gapless.engine.recipe import Stage
from gapless.engine.select import Discretize
from gapless.parts import INDEX, OPTIONAL, PLACES, SEVERAL, name_of, named

EVERY = [(kind, name) for kind, places in PLACES.items() for name in places]
CALLED = {"update": "step"}


def has_defaults(made: type) -> bool:
    missing = dataclasses.MISSING
    fields = [f for f in dataclasses.fields(made) if f.init]  # type: ignore[arg-type]
    return all(f.default is not missing or f.default_factory is not missing for f in fields)


def asked(value: type, kind: str) -> bool:
    """Whether an engine asks instances of this class as parts: a schedule or a matrix beside one is none."""
    if kind in ("update", "relax"):
        return callable(getattr(value, {"update": "step", "relax": "strengths"}[kind], None))
    takes = list(inspect.signature(value.__call__).parameters)[1:] if "__call__" in vars(value) else []
    reaction = takes[1:2] == ["back"]
    return takes[:1] in (["run"], ["choices"]) and not reaction


def made(kind: str, name: str) -> Any:
    part = named(kind, name)
    return part[0] if kind in SEVERAL else part


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_every_name_is_a_part_of_its_kind(kind: str, name: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    maker = INDEX[kind].maker(name)
    assert isinstance(maker, type)
    assert dataclasses.is_dataclass(maker)
    assert callable(getattr(maker, CALLED.get(kind, "__call__")))
    if has_defaults(maker):
        part = made(kind, name)
        assert type(part) is maker
        assert name_of(kind, part) == name
        hash(part)
    else:
        with pytest.raises(BadValue, match=f"settings of part for '{kind}' '{name}'"):
            named(kind, name)


def test_every_part_has_a_name() -> None:
    """Every public dataclass of these packages that can be asked as its kind is."""
    listed = {place for places in PLACES.values() for place in places.values()}
    missing = []
    for kind in ("update", "relax", "sample", "regularize", "perturb", "mask", "observe"):
        package = importlib.import_module(f"gapless.parts.{kind}")
        for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for value in vars(importlib.import_module(info.name)).values():
                own = isinstance(value, type) and value.__module__ == info.name
                if not own or value.__name__.startswith("_") or not dataclasses.is_dataclass(value):
                    continue
                place = f"{info.name}:{value.__qualname__}"
                if asked(value, kind) and place not in listed:
                    missing.append(place)
    assert missing == []


def test_kinds_are_the_fields_that_hold_parts() -> None:
    fields = {field.name for field in dataclasses.fields(Stage)}
    assert set(PLACES) - fields == {"rule"}
    assert "rule" in {field.name for field in dataclasses.fields(Discretize)}
    assert set(SEVERAL) | set(OPTIONAL) | {"update"} == set(PLACES) - {"rule"}
    stage = Stage(1, named("update", "bilevel"))
    assert all(getattr(stage, kind) == named(kind, "none") for kind in (*SEVERAL, *OPTIONAL))


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("relax", "softmx", "did you mean 'softmax'"),
        ("relax", "", "choose one of"),
        ("relax", "zzz", "none"),
        ("update", "none", "the name of a part for 'update'; got 'none'"),
        ("rule", "None", "got 'None'"),
        ("sample", "uniform+strictly-fair", "got 'uniform\\+strictly-fair'"),
        ("observe", "zzz", "got 'zzz'"),
    ],
)
def test_what_is_no_name_is_refused_in_one_line(kind: str, text: str, said: str) -> None:
    with pytest.raises(UnknownName, match=said) as error:
        named(kind, text)
    assert "\n" not in str(error.value)


def test_none() -> None:
    assert named("relax", "none") is None
    assert named("mask", "None") is None
    assert named("observe", "none") == named("regularize", "()") == ()
    assert gapless.parts.name_of("relax", made("relax", "edge-product")) == "edge-product"
    assert name_of("relax", 3) == "int"
