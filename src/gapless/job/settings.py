"""``--set part.field=value``: one field of one value, anywhere in a plan."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Mapping
from typing import Any

from gapless.core.errors import BadValue, GaplessError, UnknownName


def parsed(text: str) -> Any:
    """A number, a tuple, True, False, None, or the text itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return {"true": True, "false": False, "none": None}.get(text.lower(), text)


def changed(value: Any, path: list[str], text: str, key: str) -> Any:
    """A copy of a nested frozen value with one field changed.

    Raises:
        UnknownName: no such field, with the nearest one.
        BadValue: the new value is of another kind than the old.
    """
    if not path:
        return _fitting(value, parsed(text), text, key)
    if isinstance(value, tuple):
        if not path[0].isdigit() or int(path[0]) >= len(value):
            raise BadValue(
                expected=f"a number from 0 to {len(value) - 1} in '{key}'", got=path[0], do="count from 0"
            )
        i = int(path[0])
        return (*value[:i], changed(value[i], path[1:], text, key), *value[i + 1 :])
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        raise BadValue(
            expected=f"'{key}' to name one field", got=f"a field inside {value!r}", do="drop the last part of it"
        )
    fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.init}
    if path[0] not in fields:
        raise UnknownName(f"field of {type(value).__name__.lower()} in --set {key}", path[0], fields)
    new = changed(fields[path[0]], path[1:], text, key)
    try:
        return dataclasses.replace(value, **{path[0]: new})
    except GaplessError:
        raise
    except (TypeError, ValueError) as error:
        raise BadValue(expected=f"a value that '{key}' accepts", got=f"'{text}'", do=str(error)) from error


def _fitting(old: Any, new: Any, text: str, key: str) -> Any:
    number = (int, float)
    if isinstance(old, bool) or isinstance(new, bool):
        fits = isinstance(old, bool) and isinstance(new, bool)
    elif isinstance(old, int):
        fits = isinstance(new, int)
    elif isinstance(old, float) or (callable(old) and dataclasses.is_dataclass(old)):
        fits = isinstance(new, number)
        new = float(new) if fits else new
    elif isinstance(old, tuple):
        fits = isinstance(new, (tuple, list)) or (isinstance(new, str) and "," in new)
        new = tuple(part.strip() for part in new.split(",")) if isinstance(new, str) else tuple(new) if fits else new
    elif old is None:
        fits = True
    else:
        fits = isinstance(new, type(old))
    if not fits:
        raise BadValue(
            expected=f"a value like {old!r} for '{key}'", got=f"'{text}'", do="give one of the same kind"
        )
    return new


def spread(sets: tuple[tuple[str, str], ...], places: Mapping[str, Any]) -> dict[str, Any]:
    """Applies all settings to the named values of a plan and returns the changed ones.

    The first word of a key is a place (``space``, ``recipe``, ...); a field of the recipe or of its stages
    may be written without its place: ``weights.lr``, ``update.order``.
    """
    values = dict(places)
    for key, text in sets:
        head, *rest = key.split(".")
        if head in values and rest:
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
