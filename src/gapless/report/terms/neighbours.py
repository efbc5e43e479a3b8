"""What lies one edit from the architecture that was found and from the best on the walks, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gapless.report.blocks import rows
from gapless.report.terms.told import Told, change, counted
from gapless.report.words import percent, real, tenths


def told(found: Mapping[str, Any]) -> Told | None:
    """None where nothing was measured."""
    table, mine, drawn = [], None, False
    for i, one in enumerate(rows(found.get("around"))):
        here, near = real(one.get("accuracy")), _numbers(one.get("neighbours"))
        if here is None or not near:
            continue
        better, best = sum(score > here for score in near), max(near)
        is_found = one.get("found") is True
        name = "the architecture found" if is_found else f"of the walks, number {i + (mine is None)}"
        gain = change((tenths(best) - tenths(here)) / 1000)
        table.append((name, percent(here), f"{len(near)}", f"{better}", gain))
        drawn = drawn or one.get("all") is False
        mine = (better, len(near)) if is_found else mine
    if not table:
        return None
    lead = "The architecture that was found is not among those whose neighbours were scored."
    if mine is not None:
        better, n = mine
        lead = (
            f"{better or 'None'} of {counted(n, 'neighbour')} of the architecture found "
            f"{'scores' if better < 2 else 'score'} higher under shared weights, statistics recalibrated."
        )
    more = "A neighbour is one edit away. Without a better one an architecture is a local optimum"
    more += "; where only some were drawn, perhaps." if drawn else "."
    columns = ("architecture", "accuracy on validation images", "neighbours scored", "better", "best of them")
    return Told(lead, (more,), columns, tuple(table))


def _numbers(value: Any) -> list[float]:
    read = (real(one) for one in value) if isinstance(value, list | tuple) else ()
    return [one for one in read if one is not None]
