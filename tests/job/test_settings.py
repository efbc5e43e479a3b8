"""``--set part.field=value``: one field changes, everything else stays, nothing else is taken."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, replace
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gapless import methods, spaces
from gapless.core import Cosine, Schedule
from gapless.core.errors import BadValue, GaplessError, Refused, UnknownName
from gapless.job.plan import DataSettings, plan
from gapless.job.request import Request, pairs
from gapless.job.settings import changed, parsed, spread
from gapless.parts.mask.strongest import Strongest
from gapless.parts.relax.edge_product import EdgeProduct
from gapless.parts.sample.uniform import Uniform

steady = settings(deadline=None, derandomize=True, max_examples=150)


@dataclass(frozen=True)
class Inner:
    rate: Schedule[float] = 0.5
    kind: Literal["a", "b", 3] = "a"


@dataclass(frozen=True)
class Outer:
    count: int = 4
    share: float = 0.5
    on: bool = False
    word: str = "old"
    pair: tuple[float, float] = (0.9, 0.99)
    some: tuple[str, ...] = ("x", "y")
    sizes: tuple[int, ...] = (1, 2)
    maybe: int | None = None
    inner: Inner = Inner()
    inners: tuple[Inner, ...] = (Inner(), Inner(kind="b"))
    fixed: int = dataclasses.field(init=False, default=7)


def change(key: str, text: str) -> Outer:
    found = changed(Outer(), key.split("."), text, key)
    assert isinstance(found, Outer)
    return found


GOOD = {
    ("count", "7"): 7, ("count", "0x10"): 16, ("count", "-3"): -3, ("count", "1_000"): 1000,
    ("share", "1"): 1.0, ("share", "1e-3"): 0.001, ("share", "-0.0"): -0.0,
    ("on", "True"): True, ("on", "true"): True, ("on", "FALSE"): False,
    ("word", "new"): "new", ("word", "3"): "3", ("word", "a,b"): "a,b", ("word", "'quoted'"): "quoted",
    ("word", "None"): "None", ("word", "a=b"): "a=b",
    ("pair", "(0, 1)"): (0.0, 1.0), ("pair", "0.5,0.6"): (0.5, 0.6), ("pair", "[0.5, 1]"): (0.5, 1.0),
    ("some", "p,q , r"): ("p", "q", "r"), ("some", "('p',)"): ("p",), ("some", "p"): ("p",),
    ("sizes", "3,4"): (3, 4), ("sizes", "(3,)"): (3,), ("sizes", "()"): (),
    ("maybe", "5"): 5, ("maybe", "None"): None, ("maybe", "none"): None,
    ("inner.rate", "2"): 2.0, ("inner.kind", "b"): "b", ("inner.kind", "3"): 3,
    ("inners.1.kind", "a"): "a", ("pair.1", "1"): 1.0, ("sizes.0", "9"): 9,
}  # fmt: skip
BAD = (
    ("count", "x"), ("count", "1.0"), ("count", "True"), ("count", "None"), ("count", "(1,)"), ("count", ""),
    ("share", "x"), ("share", "nan"), ("share", "inf"), ("share", "1e999"), ("share", "True"),
    ("share", "1j"), ("share", "1" + "0" * 400), ("on", "1"), ("on", "yes"), ("pair", "1"), ("pair", "1,2,3"),
    ("pair", "(1, 'x')"), ("pair", "()"), ("sizes", "1.5,2"), ("sizes", "x"), ("sizes", "3"), ("maybe", "x"),
    ("maybe", "1.5"), ("inner", "x"), ("inner.rate", "Cosine(1)"), ("inner.kind", "c"), ("inner.kind", "3.0"),
    ("inners", "3"), ("inners.2.kind", "a"), ("inners.x.kind", "a"), ("inners.-1.kind", "a"),
    ("count.x", "1"), ("word.upper", "1"), ("pair.2", "1"), ("count", "(" * 3000),
)  # fmt: skip


@pytest.mark.parametrize(("key", "text"), GOOD, ids="=".join)
def test_taken(key: str, text: str) -> None:
    expected, found = GOOD[key, text], change(key, text)
    value: Any = found
    for word in key.split("."):
        value = value[int(word)] if isinstance(value, tuple) else getattr(value, word)
    assert repr(value) == repr(expected)
    head = key.split(".", maxsplit=1)[0]
    others = {f.name: getattr(found, f.name) for f in dataclasses.fields(found) if f.name != head}
    assert others == {name: getattr(Outer(), name) for name in others}


@pytest.mark.parametrize(("key", "text"), BAD)
def test_not_taken(key: str, text: str) -> None:
    with pytest.raises(BadValue) as error:
        change(key, text)
    assert "\n" not in str(error.value)
    assert key in str(error.value)


def test_unknown_field() -> None:
    with pytest.raises(UnknownName, match="did you mean 'count'"):
        change("cuont", "1")
    with pytest.raises(UnknownName, match="'fixed'"):
        change("fixed", "1")
    with pytest.raises(UnknownName, match=r"field of inner .* did you mean 'kind'"):
        change("inner.knd", "1")


def test_a_schedule_may_become_a_number_and_never_text() -> None:
    value = Inner(rate=Cosine(1.0))
    assert changed(value, ["rate"], "0.25", "rate") == Inner(rate=0.25)
    assert changed(value, ["rate", "start"], "2", "rate.start") == Inner(rate=Cosine(2.0))
    with pytest.raises(BadValue, match=r"a value like Cosine\(start=1\.0"):
        changed(value, ["rate"], "x", "rate")


@given(st.text())
@steady
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    parsed(text)
    for field in dataclasses.fields(Outer):
        said = ""
        try:
            value = getattr(change(field.name, text), field.name)
        except Refused as error:
            value, said = getattr(Outer(), field.name), str(error)
        assert type(value) in {type(getattr(Outer(), field.name)), int}
        assert "\n" not in said


@given(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
@steady
def test_what_python_prints_is_read_back(
    count: int, share: float, on: bool, pair: tuple[float, float]
) -> None:
    for name, value in (("count", count), ("share", share), ("on", on), ("pair", pair)):
        assert change(name, str(value)) == replace(Outer(), **{name: value})


@given(st.lists(st.tuples(st.sampled_from(["count", "share", "inner.rate"]), st.integers(-9, 9)), max_size=6))
@steady
def test_the_last_one_counts_and_order_of_others_does_not(changes: list[tuple[str, int]]) -> None:
    value = Outer()
    for key, number in changes:
        value = changed(value, key.split("."), str(number), key)
    last = dict(changes)
    assert value.count == last.get("count", 4)
    assert value.share == last.get("share", 0.5)
    assert value.inner.rate == last.get("inner.rate", 0.5)


# -- in a plan ------------------------------------------------------------------------------------


def places(method: str = "darts") -> dict[str, Any]:
    space = spaces.get("darts")
    preset = space.presets["quick"]
    return {
        "space": space, "recipe": methods.get(method, "quick"), "search": preset.search,
        "deploy": preset.deploy, "training": preset.training, "data": DataSettings(),
    }  # fmt: skip


def test_places_recipe_and_stages() -> None:
    texts = [
        "weights.lr=0.5", "batch=7", "freeze_alpha=0.25", "update.order=2", "search.channels=3",
        "deploy.depth=9", "training.weights.lr=0.125", "data.limit=500", "space.nodes=3",
        "recipe.label_smoothing=0.1", "stages.0.epochs=3",
    ]  # fmt: skip
    values = spread(pairs(texts), places())
    recipe = values["recipe"]
    assert (recipe.weights.lr, recipe.batch, recipe.label_smoothing, recipe.epochs) == (0.5, 7, 0.1, 3)
    assert (recipe.stages[0].freeze_alpha, recipe.stages[0].update.order) == (0.25, 2)
    assert (values["search"].channels, values["deploy"].depth, values["data"].limit) == (3, 9, 500)
    assert (values["training"].weights.lr, values["space"].nodes) == (0.125, 3)


def test_a_part_is_swapped_by_its_name() -> None:
    def stage(*texts: str, method: str = "darts") -> Any:
        (found,) = spread(pairs(list(texts)), places(method))["recipe"].stages
        return found

    before = places()["recipe"].stages[0]
    assert stage("relax=edge-product") == replace(before, relax=EdgeProduct())
    assert stage("stages.0.relax=edge-product") == replace(before, relax=EdgeProduct())
    assert stage("relax=edge-product", "relax.edge_scale=0.5").relax == EdgeProduct(edge_scale=0.5)
    assert stage("relax.scale=0.5", "relax=softmax") == before, "a part that is named has its defaults"
    assert stage("relax=none").relax is stage("mask=None").mask is None
    assert stage("observe=none").observe == ()
    assert stage("sample=uniform", method="fairnas").sample == Uniform()
    chosen = spread(pairs(["select.rule=strongest"]), places())["recipe"].select.rule
    assert chosen == Strongest()


@pytest.mark.parametrize("text", ["relax=softmx", "update=none", "sample=uniform+uniform", "relax=Softmax()"])
def test_what_is_no_part_is_refused(text: str) -> None:
    with pytest.raises(UnknownName, match=f"a part for '{text.partition('=')[0]}'"):
        spread(pairs([text]), places())


def test_nothing_set_changes_nothing() -> None:
    for method in methods.names():
        assert spread((), places(method)) == places(method)


def test_every_field_of_every_recipe_can_be_set_to_what_it_is() -> None:
    """What ``repr`` prints of a plain field is taken, and changes no fingerprint."""

    def leaves(value: Any, key: str) -> list[tuple[str, str]]:
        if dataclasses.is_dataclass(value):
            found = []
            for field in dataclasses.fields(value):
                if field.init:
                    found += leaves(getattr(value, field.name), f"{key}.{field.name}" if key else field.name)
            return found
        if isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
            return [pair for i, item in enumerate(value) for pair in leaves(item, f"{key}.{i}")]
        return [(key, repr(value))]

    for method in methods.names():
        recipe = methods.get(method, "quick")
        for key, text in leaves(recipe, ""):
            found = spread(((f"recipe.{key}", text),), places(method))["recipe"]
            assert found == recipe, (method, key, text)


@given(st.lists(st.text(max_size=20), max_size=3))
@steady
def test_any_setting_is_applied_or_refused(texts: list[str]) -> None:
    said = ""
    try:
        spread(pairs(texts), places())
    except GaplessError as error:
        said = str(error)
    assert "\n" not in said


def test_the_same_number_written_otherwise_is_the_same_plan() -> None:
    base = Request("darts", "digits", "darts", epochs=1)
    prints = {
        plan(replace(base, sets=(("weights.lr", text),))).fingerprint for text in ("1", "1.0", "1e0", "0.1e1")
    }
    assert len(prints) == 1
    assert plan(base).fingerprint not in prints
