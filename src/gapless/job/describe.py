"""What a method is made of, in words: for ``methods show``, ``methods diff`` and the report."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from gapless import methods, parts
from gapless.core import Cosine, Linear
from gapless.engine.recipe import PROSE, Recipe, Reference, Stage, plain

HELD = tuple(kind for kind in parts.INDEX if kind != "rule")
"""Fields of a stage that hold parts."""


def method(recipe: Recipe) -> dict[str, Any]:
    """What the report holds of a recipe."""
    return {
        "name": recipe.name,
        "title": recipe.title,
        "equation": recipe.equation,
        "terms": list(recipe.terms),
        "deviations": list(recipe.deviations),
        "reference": dataclasses.asdict(recipe.reference) if recipe.reference else {},
        "epochs": [s.epochs for s in recipe.stages],
        "batch": recipe.batch,
        "fingerprint": recipe.fingerprint,
        "parts": _rows(recipe),
        "recipe": plain(recipe),
    }


def _rows(recipe: Recipe) -> list[dict[str, Any]]:
    """Each part once, with the numbers, from 1, of the stages that have it."""
    held: dict[tuple[str, Any], list[int]] = {}
    for number, stage in enumerate(recipe.stages, 1):
        for role, part in _held(stage):
            held.setdefault((role, part), []).append(number)
    every = [*((role, part, stages) for (role, part), stages in held.items())]
    every += [("select", recipe.select, []), ("weights", recipe.weights, [])]
    every += [("alphas", recipe.alphas, [])] if any(s.relax is not None for s in recipe.stages) else []
    return [
        {
            "role": role, "value": repr(part), "stages": stages,
            "module": type(part).__module__, "file": f"{type(part).__module__.replace('.', '/')}.py",
        }
        for role, part, stages in every
    ]  # fmt: skip


def _held(stage: Stage) -> Iterator[tuple[str, Any]]:
    for role in HELD:
        value = getattr(stage, role)
        for part in value if isinstance(value, tuple) else (value,):
            if part is not None:
                yield role, part


def described(name: str, preset: str = "paper") -> dict[str, Any]:
    """All that is known of a method, with the parts of one preset and the settings of all.

    Raises:
        UnknownName: no such method or preset.
    """
    recipe = methods.get(name, preset)
    return {
        **method(recipe),
        "preset": preset,
        "defaults": {one: settings_of(methods.get(name, one)) for one in methods.PRESETS},
        "citation": recipe.reference.bibtex(cited_as(recipe, recipe.reference)) if recipe.reference else "",
    }


def cited_as(recipe: Recipe, reference: Reference) -> str:
    """The key of a BibTeX entry."""
    return f"{recipe.name}{reference.year}"


def told(found: dict[str, Any]) -> str:
    """What `described` found, in lines."""
    lines = [f"{found['title']} ({found['name']})", "", f"  {found['equation']}", ""]
    lines += [f"  attacks  {', '.join(found['terms']) or 'no term of the gap'}", ""]
    lines.append(f"  parts, preset {found['preset']}:")
    stages = len(found["epochs"])
    for part in found["parts"]:
        some = part["stages"] if 0 < len(part["stages"]) < stages else []
        where = f" (stage {', '.join(map(str, some))})" if some else ""
        lines.append(f"  {part['role']:<10} {part['value']}{where}  [{part['file']}]")
    presets = list(found["defaults"])
    keys = list(dict.fromkeys(key for preset in presets for key in found["defaults"][preset]))
    table = [(key, *(found["defaults"][preset].get(key, "-") for preset in presets)) for key in keys]
    lines += ["", *_aligned([("settings", *presets), *table]), "", "  differs from the paper:"]
    lines += [f"  - {line}" for line in found["deviations"]] or ["  - nowhere that we know of"]
    if found["reference"]:
        cited = found["reference"]
        lines += ["", f"  {cited['authors']}. {cited['title']}. {cited['venue']}, {cited['year']}."]
        places = {"arXiv": cited["arxiv"], "code": cited["code"]}
        lines += [f"  {what} {where}" for what, where in places.items() if where]
    return "\n".join(lines)


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        ("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
        for row in rows
    ]


def settings_of(recipe: Recipe) -> dict[str, str]:
    """Every part and number by its name after ``--set``; it has the stage's number if there are several."""
    found: dict[str, str] = {}
    for i, stage in enumerate(recipe.stages):
        prefix = f"stages.{i}." if len(recipe.stages) > 1 else ""
        for field in dataclasses.fields(stage):
            found |= _flat(f"{prefix}{field.name}", getattr(stage, field.name), field.name)
    for field in dataclasses.fields(recipe):
        if field.name not in (*PROSE, "name", "stages"):
            found |= _flat(field.name, getattr(recipe, field.name), field.name)
    return found


def _flat(key: str, value: Any, kind: str) -> dict[str, str]:
    if isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
        return {k: text for i, one in enumerate(value) for k, text in _flat(f"{key}.{i}", one, kind).items()}
    if value == ():
        return {}
    if not dataclasses.is_dataclass(value) or isinstance(value, (type, Linear, Cosine)):
        return {key: repr(value)}
    name = parts.name_of(kind, value) if kind in parts.INDEX else type(value).__qualname__
    found = {key: name}
    for field in dataclasses.fields(value):
        if field.init:
            found |= _flat(f"{key}.{field.name}", getattr(value, field.name), field.name)
    return found


def differences(a: str, b: str, preset: str = "paper") -> dict[str, Any]:
    """In which parts and in which values two methods differ.

    Raises:
        UnknownName: no such method or preset.
    """
    one, other = (settings_of(methods.get(name, preset)) for name in (a, b))
    rows: dict[str, list[dict[str, str]]] = {"parts": [], "values": []}
    for key in dict.fromkeys((*one, *other)):
        left, right = one.get(key, "-"), other.get(key, "-")
        words = key.split(".")
        around = [".".join(words[:i]) for i in range(1, len(words))]
        if left == right or any(one.get(part) != other.get(part) for part in around):
            continue  # the fields of another part are another's
        holds = any(name.startswith(f"{key}.") for name in (*one, *other)) or _field(key) in HELD
        rows["parts" if holds else "values"].append({"field": key, "a": left, "b": right})
    return {"a": a, "b": b, "preset": preset, **rows}


def _field(key: str) -> str:
    words = [word for word in key.split(".") if not word.isdecimal() and word != "stages"]
    return words[0] if len(words) == 1 else ""


def contrasted(found: dict[str, Any]) -> str:
    """What `differences` found, in lines."""
    a, b = found["a"], found["b"]
    table = [(row["field"], row["a"], row["b"]) for kind in ("parts", "values") for row in found[kind]]
    if not table:
        return f"'{a}' and '{b}' do not differ in preset {found['preset']}"
    return "\n".join(_aligned([(f"preset {found['preset']}", a, b), *table]))
