"""The figure of the straight line from the mixture to the architecture."""

from __future__ import annotations

from collections.abc import Sequence

from gapless.report.draw.ink import ACCENT, INK, PAPER
from gapless.report.draw.sheet import Drawing, Sheet, gridlines, twice
from gapless.report.words import percent


def draw(points: Sequence[tuple[float, float]]) -> Drawing | None:
    """Accuracy over the share of the way; ``None`` where fewer than two points were measured."""
    if len(points) < 2:
        return None
    x, y = [100 * t for t, _ in points], [100 * accuracy for _, accuracy in points]

    def paint(width: float) -> Sheet:
        narrow = width < 600
        sheet = Sheet(width, 250 if narrow else 290)
        axes = sheet.axes(52, 16, width - 52 - 26, sheet.height - 16 - 46)
        gridlines(axes, "y")
        axes.plot(x, y, "-o", color=ACCENT, linewidth=2.0, markersize=5, markeredgecolor=PAPER, zorder=3)
        for i in (0, -1):
            axes.plot([x[i]], [y[i]], "o", color=INK, markersize=9, markeredgecolor=PAPER, zorder=4)
        axes.margins(x=0.03, y=0.12)
        axes.set_xticks([0, 50, 100] if narrow else [0, 25, 50, 75, 100])
        axes.locator_params(axis="y", nbins=5)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.3g}%")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.4g}%")
        axes.set_xlabel("of the way from the mixture to the architecture", fontsize=11)
        return sheet

    start, end = points[0][1], points[-1][1]
    alt = f"Accuracy from {percent(start)} to {percent(end)} on the straight line"
    wide, narrow = twice("fig-line", alt, paint)
    caption = (
        "Gate values move evenly from what the search ended with (0 %) to 1 for what the architecture has "
        "and 0 for the rest (100 %); weights and BatchNorm statistics stay. The ends are a0 and a1 of the "
        "chain."
    )
    table = tuple((f"{100 * t:.0f} %", percent(accuracy)) for t, accuracy in points)
    return Drawing("fig-line", wide, narrow, caption, (), ("of the way", "accuracy"), table)
