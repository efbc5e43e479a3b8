"""How smooth the scores of shared weights are over the space, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gapless.report.blocks import rows
from gapless.report.terms.told import Told, change, counted, number, size
from gapless.report.words import real

MOST = 6
"""Edits that are tabled of each end."""


def correlations(found: Mapping[str, Any]) -> tuple[tuple[float, float], ...]:
    """Pairs ``(lag, autocorrelation)``, what could not be told left out."""
    values = found.get("autocorrelation")
    read = enumerate((real(one) for one in values) if isinstance(values, list | tuple) else (), 1)
    return tuple((float(lag), value) for lag, value in read if value is not None)


def distances(found: Mapping[str, Any]) -> tuple[tuple[float, float, float | None], ...]:
    """Triples ``(edits, mean absolute difference, pairs)`` in the order of edits."""
    columns = ("edits", "difference", "pairs")
    read = [[real(one.get(name)) for name in columns] for one in rows(found.get("distance"))]
    return tuple(sorted((e, d, n) for e, d, n in read if e is not None and d is not None))


def told(found: Mapping[str, Any]) -> Told | None:
    """None where nothing was measured."""
    n, edit = real(found.get("archs")), real(found.get("edit"))
    if n is None or edit is None:
        return None
    if n == 1:
        return Told("The walks had one architecture to visit, so there is no landscape to speak of.")
    lead = (
        f"One edit changes the accuracy under shared weights by {size(edit)} on average, over "
        f"{counted(int(n), 'architecture')} on random walks."
    )
    more, lags = [], dict(correlations(found))
    if 1 in lags:
        text = f"Scores one edit apart are correlated with {number(lags[1])}"
        length = real(found.get("length"))
        more.append(text + (f", a correlation length of {number(length, 1)} edits." if length else "."))
    else:
        more.append("Whether neighbours score alike cannot be told: all of them score the same.")
    optima, whole = real(found.get("local optima")), real(found.get("neighbourhoods"))
    if optima is not None and whole:
        more.append(f"Beaten by no neighbour that was scored: {optima * whole:.0f} of {whole:.0f}.")
    every = rows(found.get("edits"))
    edits = [(str(one.get("edit", "")), real(one.get("change")), real(one.get("n"))) for one in every]
    known = sorted((e for e in edits if e[1] is not None), key=lambda one: one[1] or 0.0)
    shown = known if len(known) <= 2 * MOST else [*known[:MOST], *known[-MOST:]]
    table = tuple((name, change(value), "" if k is None else f"{k:,.0f}") for name, value, k in shown)
    title = "edit" if len(shown) == len(known) else f"edit, {MOST} worst and {MOST} best"
    return Told(lead, (" ".join(more),), (title, "change", "seen"), table)
