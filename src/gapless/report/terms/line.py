"""The straight line from the mixture to the architecture, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from gapless.report.blocks import rows
from gapless.report.terms.told import Told, size
from gapless.report.words import percent, real, tenths

Points = tuple[tuple[float, float], ...]


def along(found: Mapping[str, Any]) -> Points:
    """Pairs ``(t, accuracy)`` in the order of t."""
    read = ((real(one.get("t")), real(one.get("accuracy"))) for one in rows(found.get("points")))
    return tuple(sorted((t, accuracy) for t, accuracy in read if t is not None and accuracy is not None))


def steepest(points: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """Where accuracy changes most between neighbouring points: both t, and the change."""
    (a, before), (b, after) = max(pairwise(points), key=lambda ends: abs(ends[1][1] - ends[0][1]))
    return a, b, after - before


def told(found: Mapping[str, Any]) -> Told | None:
    """None where nothing was measured."""
    if found.get("missing"):
        return Told(f"There is no such line here: {found['missing']}.")
    points = along(found)
    if len(points) < 2:
        return None
    start, end = points[0][1], points[-1][1]
    lead = (
        f"With BatchNorm statistics kept, accuracy goes from {percent(start)} (the mixture) to "
        f"{percent(end)} (the architecture) on the straight line between them."
    )
    a, b, step = steepest(points)
    if not tenths(step):
        return Told(lead, ("It hardly changes along the line.",))
    verb = "rises" if step > 0 else "falls"
    where = f"It {verb} most, by {size(step)}, between {100 * a:.0f} and {100 * b:.0f} % of the way."
    low = min(points, key=lambda point: point[1])
    more = [where]
    if tenths(low[1]) < min(tenths(start), tenths(end)):
        more.append(f"In between it is as low as {percent(low[1])}.")
    return Told(lead, (" ".join(more),))
