"""Gate values over time: which option leads in each row, and how often that is a skip-connection."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from gapless.report.words import real, subscripts

_SKIP = re.compile(r"skip|identity", re.IGNORECASE)
_NONE = re.compile(r"^(none|zero|zeroize)$", re.IGNORECASE)


def is_skip(option: str) -> bool:
    """Whether an option passes its input on unchanged."""
    return bool(_SKIP.search(option))


def is_none(option: str) -> bool:
    """Whether an option cuts the connection."""
    return bool(_NONE.match(option))


@dataclass(frozen=True)
class Row:
    """One choice: ``values[option][i]`` is the gate at ``epochs[i]``; ``label`` is its name for a person."""

    group: str
    name: str
    label: str
    epochs: tuple[float, ...]
    values: Mapping[str, tuple[float, ...]]

    def leader(self, at: int = -1) -> tuple[str, float]:
        """The option with the largest gate and its value."""
        best = max(self.values, key=lambda name: self.values[name][at])
        return best, self.values[best][at]

    def skip_leads(self, at: int) -> bool:
        """Whether a skip is larger than every other operation, ``none`` left aside.

        A tie, as before the first step, is no lead.
        """
        rest = [
            values[at]
            for option, values in self.values.items()
            if not is_skip(option) and not is_none(option)
        ]
        best = max(values[at] for option, values in self.values.items() if is_skip(option))
        return best > max(rest, default=0.0) + 1e-9


def nodes(panels: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What a drawing writes on the node of each id; nothing where panels write different things."""
    written: dict[str, set[str]] = {}
    for node in (node for panel in panels for node in panel.get("nodes") or []):
        written.setdefault(text(node.get("id")), set()).add(text(node.get("label")))
    return {name: subscripts(label) for name, (label, *more) in written.items() if label and not more}


def _label(name: str, called: Mapping[str, str]) -> str:
    """``0-2`` and ``2<-0`` as ``0 → 2``, with nodes as the drawing calls them; any other name as it is."""
    ends = re.fullmatch(r"(?P<end>\w+)<-(?P<start>\w+)", name) or re.fullmatch(
        r"(?P<start>\w+)-(?P<end>\w+)", name
    )
    return " → ".join(called.get(ends[end], ends[end]) for end in ("start", "end")) if ends else name


def rows(alpha: Sequence[Mapping[str, Any]], called: Mapping[str, str] = MappingProxyType({})) -> list[Row]:
    """Rows of the long table in the order they first appear; entries without a number are left out.

    Args:
        called: what the drawing of the architecture calls a node, by its id.
    """
    table: dict[tuple[str, str], dict[float, dict[str, float]]] = {}
    options: dict[tuple[str, str], dict[str, None]] = {}
    for entry in alpha:
        epoch, value = real(entry.get("epoch")), real(entry.get("value"))
        if epoch is None or value is None:
            continue
        key = (text(entry.get("group")), text(entry.get("row")))
        option = text(entry.get("option"))
        table.setdefault(key, {}).setdefault(epoch, {})[option] = value
        options.setdefault(key, {})[option] = None
    found = []
    for (group, name), by_epoch in table.items():
        epochs = tuple(sorted(by_epoch))
        values = {
            option: tuple(max(by_epoch[epoch].get(option, 0.0), 0.0) for epoch in epochs)
            for option in options[group, name]
        }
        found.append(Row(group, name, _label(name, called), epochs, values))
    return found


def skips(found: Sequence[Row]) -> dict[str, tuple[tuple[float, ...], tuple[int, ...], int]]:
    """For each group that offers a skip: epochs, rows that a skip leads at each, rows in all."""
    counts: dict[str, tuple[tuple[float, ...], tuple[int, ...], int]] = {}
    for group in dict.fromkeys(row.group for row in found):
        members = [row for row in found if row.group == group and any(map(is_skip, row.values))]
        if not members:
            continue
        epochs = tuple(sorted({epoch for row in members for epoch in row.epochs}))
        led = tuple(
            sum(row.skip_leads(row.epochs.index(epoch)) for row in members if epoch in row.epochs)
            for epoch in epochs
        )
        counts[group] = (epochs, led, len(members))
    return counts


def text(value: Any) -> str:
    """A name of the table as text; a whole number read as a float loses its ``.0``."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)
