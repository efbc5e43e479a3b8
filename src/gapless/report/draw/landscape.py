"""The figure of the landscape: how scores of shared weights depend on the number of edits between them."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.ticker import MaxNLocator

from gapless.report.draw.ink import ACCENT, INK, SOFT
from gapless.report.draw.sheet import Drawing, Sheet, gridlines, twice
from gapless.report.terms.told import number

_HIGH = 230.0
_FEW = 5
"""Pairs below which a mean difference is drawn apart from the line."""


def draw(
    correlations: Sequence[tuple[float, float]], distances: Sequence[tuple[float, float, float | None]]
) -> Drawing | None:
    """Autocorrelation by lag, and difference by edit distance; ``None`` where neither is known."""
    sure = [pairs is None or pairs >= _FEW for *_, pairs in distances]
    charts = [
        (
            "Autocorrelation on walks", "edits apart on the walk",
            [x for x, _ in correlations], [y for _, y in correlations], [True] * len(correlations), False,
        ),
        (
            "Difference in accuracy, points", "edits from one to the other",
            [x for x, *_ in distances], [100 * y for _, y, _ in distances], sure, True,
        ),
    ]  # fmt: skip
    shown = [chart for chart in charts if chart[2]]
    if not shown:
        return None

    def paint(width: float) -> Sheet:
        narrow = width < 600
        columns = 1 if narrow else 2
        across = width / columns
        sheet = Sheet(width, _HIGH * (len(shown) if narrow else 1) + 4)
        for i, (title, below, x, y, known, zero) in enumerate(shown):
            left, top = (0.0, i * _HIGH) if narrow else (i * across, 0.0)
            sheet.text(left + 12, top + 12, title, fontsize=12, color=INK)
            axes = sheet.axes(left + 50, top + 30, across - 50 - 18, _HIGH - 30 - 46)
            gridlines(axes, "y")
            points = list(zip(x, y, known, strict=True))
            for line, certain, fill in (("-o", True, ACCENT), ("o", False, "none")):
                drawn = [(a, b) for a, b, is_known in points if is_known == certain]
                axes.plot(
                    [a for a, _ in drawn], [b for _, b in drawn], line, color=ACCENT, markerfacecolor=fill,
                    linewidth=1.8, markersize=5, zorder=3,
                )  # fmt: skip
            axes.axhline(0, color=SOFT, linewidth=1.0, zorder=2)
            axes.margins(x=0.05, y=0.1)
            if zero:
                axes.set_ylim(bottom=0)
            if len(set(x)) == 1:
                axes.set_xticks([x[0]], [f"{x[0]:g}"])
            else:
                axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
            axes.locator_params(axis="y", nbins=5)
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:.3g}".replace("-", "−"))
            axes.set_xlabel(below, fontsize=10.5, labelpad=2)
        return sheet

    alt = "How scores depend on the number of edits: " + " and ".join(chart[0].lower() for chart in shown)
    wide, narrow = twice("fig-landscape", alt, paint)
    caption = (
        "On a smooth landscape neighbours score alike: correlation begins near 1 and falls slowly, and "
        "differences grow with the number of edits. Scores are accuracies with shared weights, statistics "
        "recalibrated." + ("" if all(sure) else f" Open marks are of fewer than {_FEW} pairs.")
    )
    table = [("autocorrelation", f"{lag:.0f}", number(value), "") for lag, value in correlations]
    table += [
        ("difference, points", f"{edits:.0f}", f"{100 * value:.1f}", "" if pairs is None else f"{pairs:,.0f}")
        for edits, value, pairs in distances
    ]
    columns = ("", "edits", "value", "pairs")
    return Drawing("fig-landscape", wide, narrow, caption, (), columns, tuple(table))
