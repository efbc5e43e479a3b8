"""The figure of light operations against heavy ones over the search."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gapless.audit.crossing import Course
from gapless.report.draw.ink import ACCENT, INK, SKIP
from gapless.report.draw.sheet import Drawing, Sheet, Swatch, epochs, gridlines, twice
from gapless.report.terms.crossing import CALLED
from gapless.report.terms.told import counted
from gapless.report.words import clip

_HIGH = 216.0
_LEAST = 0.02
"""The axis spans as much strength at least, so that no difference looks like much."""


def draw(found: Sequence[Course]) -> Drawing | None:
    """One chart a group with the two mean strengths; ``None`` without courses."""
    if not found:
        return None

    def paint(width: float) -> Sheet:
        columns = 1 if width < 600 else min(len(found), 2)
        across = width / columns
        sheet = Sheet(width, math.ceil(len(found) / columns) * _HIGH + 4)
        for i, course in enumerate(found):
            row, column = divmod(i, columns)
            left, top = column * across, row * _HIGH
            title = clip(course.group[:1].upper() + course.group[1:], 34)
            sheet.text(left + 12, top + 12, title, fontsize=12, color=INK)
            axes = sheet.axes(left + 52, top + 30, across - 52 - 18, _HIGH - 30 - 44)
            gridlines(axes, "y")
            kind = "o" if len(course.epochs) == 1 else "-"
            axes.plot(course.epochs, course.heavy, kind, color=ACCENT, linewidth=2.0, zorder=3)
            axes.plot(course.epochs, course.light, kind, color=SKIP, linewidth=2.0, zorder=4)
            for crossing in course.crossings:
                axes.axvline(crossing.epoch, color=INK, linewidth=1.0, linestyle=(0, (4, 3)), zorder=2)
            axes.margins(x=0.02)
            axes.set_ylim(_range((*course.light, *course.heavy)))
            epochs(axes, course.epochs, 5)
            axes.locator_params(axis="y", nbins=4)
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:.3g}".replace("-", "−"))
            axes.set_xlabel("epoch", fontsize=10.5, labelpad=2)
        return sheet

    times = sum(len(course.crossings) for course in found)
    light, heavy = CALLED[found[0].by]
    alt = f"Mean strength of {light} and of {heavy} in {counted(len(found), 'group')}, {times} crossings"
    wide, narrow = twice("fig-crossing", alt, paint)
    legend = [Swatch(light, SKIP, "line"), Swatch(heavy, ACCENT, "line")]
    if times:
        legend.append(Swatch("they change places", INK, "dash"))
    table = tuple(
        (
            course.group,
            *(f"{values[at]:.4f}" for values in (course.light, course.heavy) for at in (0, -1)),
            ", ".join(f"{one.epoch:.1f}" for one in course.crossings) or "never",
        )
        for course in found
    )
    caption = (
        "Means over all choices of a group. What has few parameters or none works from the first steps, what "
        "has many must be learned first: gates that favour the former early may do so for the wrong reason."
    )
    columns = ("group", "light, first", "light, last", "heavy, first", "heavy, last", "places change at")
    return Drawing("fig-crossing", wide, narrow, caption, tuple(legend), columns, table)


def _range(values: Sequence[float]) -> tuple[float, float]:
    """The ends of an axis with room around the values."""
    low, high = min(values), max(values)
    half = max(0.62 * (high - low), _LEAST / 2)
    return (low + high) / 2 - half, (low + high) / 2 + half
