"""The figure of the learning curves: small charts, stage by stage."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gapless.report.curves import Panel
from gapless.report.draw.ink import ACCENT, INK, SOFT
from gapless.report.draw.sheet import Drawing, Sheet, Swatch, epochs, gridlines, twice
from gapless.report.words import clip, percent

_HIGH = 196.0


def draw(panels: Sequence[Panel]) -> Drawing | None:
    """One chart a panel, three abreast where there is room; ``None`` where there is nothing to draw."""
    if not panels:
        return None
    stages = list(dict.fromkeys(panel.stage for panel in panels))

    def paint(width: float) -> Sheet:
        columns = 2 if width < 600 else 3
        groups = [[panel for panel in panels if panel.stage == stage] for stage in stages]
        rows = [math.ceil(len(group) / columns) for group in groups]
        head = 30.0
        sheet = Sheet(width, sum(rows) * _HIGH + head * len(stages) + 6)
        pitch = width / columns
        top = 0.0
        for stage, group, deep in zip(stages, groups, rows, strict=True):
            sheet.text(12, top + 14, _stage(stage), fontsize=13, weight="bold", color=INK)
            for i, panel in enumerate(group):
                row, column = divmod(i, columns)
                _panel(sheet, panel, column * pitch, top + head + row * _HIGH, pitch)
            top += head + deep * _HIGH
        return sheet

    sides = {curve.name for panel in panels for curve in panel.curves}
    legend = []
    if "train" in sides:
        legend.append(Swatch("images it learns from", SOFT, "line"))
    if "val" in sides:
        legend.append(Swatch("held-out images", ACCENT, "line"))
    alt = "Learning curves of " + ", ".join(_stage(stage) for stage in stages)
    wide, narrow = twice("fig-curves", alt, paint)
    table = tuple(
        (
            _stage(panel.stage),
            f"{curve.name} {panel.title.lower()}".strip(),
            _value(panel, curve.y[0]),
            _value(panel, curve.y[-1]),
        )
        for panel in panels
        for curve in panel.curves
    )
    caption = (
        "Each chart has its own scale. The horizontal axis counts epochs, passes over the training images."
    )
    return Drawing(
        "fig-curves", wide, narrow, caption, tuple(legend), ("stage", "curve", "first", "last"), table
    )


def _panel(sheet: Sheet, panel: Panel, left: float, top: float, width: float) -> None:
    narrow = width < 240
    sheet.text(left + 12, top + 12, clip(panel.title, 22 if narrow else 34), fontsize=12, color=INK)
    axes = sheet.axes(left + 50, top + 28, width - 50 - (8 if narrow else 18), _HIGH - 28 - 44)
    gridlines(axes, "y")
    for curve in panel.curves:
        colour = {"train": SOFT, "val": ACCENT}.get(curve.name, INK)
        y = [100 * value for value in curve.y] if panel.accuracy else list(curve.y)
        alone = len(y) == 1
        axes.plot(curve.x, y, "o" if alone else "-", markersize=5, color=colour, linewidth=1.8, zorder=3)
    axes.margins(x=0.02, y=0.08)
    epochs(axes, [x for curve in panel.curves for x in curve.x], 3 if narrow else 5)
    axes.locator_params(axis="y", nbins=4)
    axes.yaxis.set_major_formatter(
        lambda value, _: f"{value:.3g}".replace("-", "−") + ("%" if panel.accuracy else "")
    )
    axes.set_xlabel("epoch", fontsize=10.5, labelpad=2)


def _stage(stage: str) -> str:
    if stage.isdigit():
        return f"Search, stage {int(stage) + 1}"
    name = clip(stage, 40) or "Training"
    return name[:1].upper() + name[1:]


def _value(panel: Panel, value: float) -> str:
    return percent(value) if panel.accuracy else f"{value:.4g}"
