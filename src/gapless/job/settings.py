"""``--set part.field=value``: one field of one value of a plan; ``--set part=name``: another part."""

from __future__ import annotations

import ast
import dataclasses
import math
from collections.abc import Mapping
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from gapless import parts
from gapless.core.errors import BadValue, GaplessError, UnknownName
from gapless.engine.recipe import Stage
from gapless.engine.select import Discretize


def parsed(text: str) -> Any:
    """A number, a tuple, True, False, None, or the text itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return {"true": True, "false": False, "none": None}.get(text.lower(), text)


def changed(value: Any, path: list[str], text: str, key: str, hint: Any = None) -> Any:
    """A copy of a nested frozen value with one field changed.

    A field of a stage that holds a part takes a name of `gapless.parts.INDEX`, for that part with its
    defaults.

    Args:
        hint: the declared type of ``value``; its own type where None.

    Raises:
        UnknownName: no such field or part, with the nearest one.
        BadValue: the field does not take such a value.
    """
    hint = type(value) if hint is None else hint
    if not path:
        return _read(hint, text, key, value)
    if isinstance(value, tuple):
        if not path[0].isdecimal() or int(path[0]) >= len(value):
            raise BadValue(
                expected=f"a number from 0 to {len(value) - 1} in '{key}'", got=path[0], do="count from 0"
            )
        i = int(path[0])
        return (*value[:i], changed(value[i], path[1:], text, key, _of_item(hint, i)), *value[i + 1 :])
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        raise BadValue(
            expected=f"'{key}' to name one field",
            got=f"a field inside {value!r}",
            do="drop the last part of it",
        )
    fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.init}
    if path[0] not in fields:
        raise UnknownName(f"field of {type(value).__name__.lower()} in --set {key}", path[0], fields)
    if len(path) == 1 and isinstance(value, (Stage, Discretize)) and path[0] in parts.INDEX:
        new = parts.named(path[0], text)
    else:
        new = changed(fields[path[0]], path[1:], text, key, _of_field(value, path[0]))
    try:
        return dataclasses.replace(value, **{path[0]: new})
    except GaplessError:
        raise
    except (TypeError, ValueError) as error:
        raise BadValue(expected=f"a value that '{key}' accepts", got=f"'{text}'", do=str(error)) from error


def _of_field(value: Any, name: str) -> Any:
    try:
        return get_type_hints(type(value)).get(name)
    except NameError:  # a type that its module imports for type checkers only
        return None


def _of_item(hint: Any, i: int) -> Any:
    inner = get_args(hint)
    if not inner:
        return None
    return inner[0] if inner[-1] is Ellipsis else inner[i]


def _read(hint: Any, text: str, key: str, old: Any) -> Any:
    words = tuple(part.strip() for part in text.split(","))
    for value in (parsed(text), text, words):
        try:
            return taken(hint, value)
        except (TypeError, OverflowError):
            continue
    raise BadValue(
        expected=f"{_wanted(hint, old)} for '{key}'", got=f"'{text}'", do="give one of the same kind"
    )


def taken(hint: Any, value: Any) -> Any:
    """The value as a field of this type keeps it: a whole number becomes a float where the field is one.

    Raises:
        TypeError: the field does not take it.
    """
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        for one in inner:
            try:
                return taken(one, value)
            except TypeError:
                continue
    elif origin is Literal:
        if any(value == one and type(value) is type(one) for one in inner):
            return value
    elif origin is tuple and isinstance(value, (tuple, list)):
        each = inner[:1] * len(value) if inner[-1] is Ellipsis else inner
        if len(each) == len(value):
            return tuple(taken(one, item) for one, item in zip(each, value, strict=True))
    elif hint is float:
        if type(value) in (int, float) and math.isfinite(value):
            return float(value)
    elif isinstance(hint, type) and type(value) is hint:
        return value
    raise TypeError


def _wanted(hint: Any, old: Any) -> str:
    if get_origin(hint) is Literal:
        return " or ".join(map(repr, get_args(hint)))
    like = repr(old)
    return f"a value like {like}" if len(like) <= 80 else f"a value like {like[:80]}..."


def spread(sets: tuple[tuple[str, str], ...], places: Mapping[str, Any]) -> dict[str, Any]:
    """Applies all settings to the named values of a plan and returns the changed ones.

    The first word of a key is a place (``space``, ``recipe``, ...); a field of the recipe or of its stages
    may be written without its place: ``weights.lr``, ``update.order``.
    """
    values = dict(places)
    for key, text in sets:
        head, *rest = key.split(".")
        if head in values:
            if not rest:
                raise BadValue(
                    expected=f"a field of '{head}' in --set",
                    got=f"'{key}'",
                    do=f"write --set {head}.FIELD=VALUE",
                )
            values[head] = changed(values[head], rest, text, key)
            continue
        recipe = values["recipe"]
        fields = {field.name for field in dataclasses.fields(recipe)}
        stage_fields = {field.name for field in dataclasses.fields(recipe.stages[0])}
        if head in fields:
            values["recipe"] = changed(recipe, [head, *rest], text, key)
        elif head in stage_fields:
            stages = tuple(changed(stage, [head, *rest], text, key) for stage in recipe.stages)
            values["recipe"] = dataclasses.replace(recipe, stages=stages)
        else:
            raise UnknownName("part in --set", head, [*values, *fields, *stage_fields])
    return values
