"""Variants side by side as tables of text, for the terminal and the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

GROUPS = {"accuracy": "Accuracy", "gap": "Terms of the gap", "cost": "Cost"}
LONGEST = 24
SCALES = {"%": 100.0, "points": 100.0}
DIGITS = {"%": 1, "points": 1, "s": 1, "MB": 0, "count": 0, "": 2}


@dataclass(frozen=True)
class Table:
    """Rows of text under a title; every row is as long as ``columns``."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def names(found: Mapping[str, Any]) -> dict[str, str]:
    """What each variant is called in a table: its own name, or a letter where names are long."""
    every = [variant["variant"] for variant in found["variants"]]
    if all(len(name) <= LONGEST for name in every):
        return {name: name for name in every}
    letters = [chr(ord("A") + i) if len(every) <= 26 else f"V{i + 1}" for i in range(len(every))]
    return dict(zip(every, letters, strict=True))


def tables(found: Mapping[str, Any]) -> list[Table]:
    """Measures by variant and what was found; ``+-`` is half of the 95 % interval over seeds."""
    variants, called = found["variants"], names(found)
    columns = ("", *(f"{called[v['variant']]} ({_seeds(len(v['seeds']))})" for v in variants))
    made = []
    for group, title in GROUPS.items():
        measures = [measure for measure in found["measures"] if measure["group"] == group]
        rows = tuple(_row(measure, variants) for measure in measures)
        made += [Table(title, columns, rows)] if rows else []
    return [*made, Table("What was found", columns, _found(variants))]


def differences(found: Mapping[str, Any]) -> Table:
    """One row a pair and measure: the difference of the second from the first, its p-value, flips, seeds."""
    measures = {measure["name"]: measure for measure in found["measures"]}
    rows, called = [], names(found)
    for pair in found["pairs"]:
        for name, row in pair["measures"].items():
            if measures[name]["group"] == "cost":
                continue
            unit = "points" if measures[name]["unit"] == "%" else measures[name]["unit"]
            flips = "" if row["flips"] is None else f"{100 * row['flips']:.0f} %"
            needed = "" if row["seeds needed"] is None else f"{row['seeds needed']:,}"
            rows.append((
                f"{called[pair['b']]} - {called[pair['a']]}", name, interval(row["difference"], unit),
                f"{row['p']:.3g}", f"{row['adjusted']:.3g}", "paired" if row["paired"] else "no pairs",
                flips, needed,
            ))  # fmt: skip
    columns = (
        "variants",
        "measure",
        "difference",
        "p",
        "for all pairs",
        "test",
        "one seed flips",
        "seeds needed",
    )
    return Table("Differences", columns, tuple(rows))


def interval(value: Mapping[str, Any], unit: str) -> str:
    """``97.2 +- 0.4``; no ``+-`` where there is no interval."""
    scale, digits = SCALES.get(unit, 1.0), DIGITS.get(unit, 2)
    text = f"{round(scale * value['mean'], digits) + 0.0:,.{digits}f}"  # no -0.0
    if value["low"] is None:
        return text
    return f"{text} +- {scale * (value['high'] - value['mean']):,.{digits}f}"


def _row(measure: Mapping[str, Any], variants: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    unit = "" if measure["unit"] in ("", "count") else f", {measure['unit']}"
    cells = []
    for variant in variants:
        value = variant["measures"].get(measure["name"])
        few = value is not None and value["n"] < len(variant["seeds"])
        cells.append(
            ""
            if value is None
            else interval(value, measure["unit"]) + (f" (n = {value['n']})" if few else "")
        )
    name, title = measure["name"], measure["title"]
    return (f"{title}{unit}" if title.startswith(name) else f"{name}: {title}{unit}", *cells)


def _found(variants: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, ...], ...]:
    alike = [variant["found"] for variant in variants]
    rows = [("distinct architectures", *(f"{one['distinct']} of {one['archs']}" for one in alike))]
    if any(one["distance"] is not None for one in alike):
        far = [
            ""
            if one["distance"] is None
            else f"{one['distance']:.1f} ({100 * one['share']:.0f} % of all picks)"
            for one in alike
        ]
        rows.append(("mean distance of two, picks to replace", *far))
    for title in variants[0]["collapse"] if variants else ():
        shares = [variant["collapse"][title] for variant in variants]
        rows.append((title, *(f"{s['count']} of {s['n']}" if s["n"] else "not known" for s in shares)))
    return tuple(rows)


def _seeds(n: int) -> str:
    return "1 seed" if n == 1 else f"{n} seeds"
