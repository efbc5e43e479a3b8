"""The figure that sets the accuracies of several variants beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gapless.report.draw.baseline import spread
from gapless.report.draw.ink import ACCENT, FAINT, INK, PAPER, SOFT
from gapless.report.draw.sheet import Drawing, Sheet, Swatch, gridlines, twice
from gapless.report.gates import text
from gapless.report.words import clip, percent

Lane = tuple[Sequence[float], Mapping[str, Any]]
_LANE = 62.0


def draw(lanes: Mapping[str, Lane], measure: str) -> Drawing:
    """One lane a variant, one mark a search, with the mean and its 95 % interval over seeds.

    Args:
        lanes: by variant, accuracies of its searches, and ``mean``, ``low`` and ``high`` as
            `gapless.audit.ablation.mean` gives them.
        measure: what the accuracies are of.
    """
    every = [value for values, _ in lanes.values() for value in values]
    middle, room = (max(every) + min(every)) / 2, max(max(every) - min(every), 0.02)
    left_end, right_end = middle - 0.62 * room, middle + 0.62 * room

    def paint(width: float) -> Sheet:
        narrow = width < 600
        left, right = (96.0, 66.0) if narrow else (220.0, 90.0)
        sheet = Sheet(width, _LANE * len(lanes) + 54)
        axes = sheet.axes(left, 8, width - left - right, _LANE * len(lanes))
        axes.set_xlim(left_end, right_end)
        axes.set_ylim(len(lanes) - 0.5, -0.5)
        axes.set_yticks([])
        gridlines(axes, "x")
        axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.6g}")
        axes.locator_params(axis="x", nbins=4 if narrow else 8)
        axes.set_xlabel("accuracy, %", fontsize=11)
        for y, (name, (values, over)) in enumerate(lanes.items()):
            mean = sum(values) / len(values)
            if over.get("low") is not None:
                ends = [max(left_end, over["low"]), min(right_end, over["high"])]
                axes.plot(ends, [y, y], color=FAINT, linewidth=12, solid_capstyle="butt", zorder=2)
            axes.plot([mean, mean], [y - 0.36, y + 0.36], color=INK, linewidth=1.6, zorder=3)
            marks = [y + offset for offset in spread(values, room)]
            axes.plot(
                values, marks, "D", markersize=8, color=ACCENT, markeredgecolor=PAPER, markeredgewidth=1.2,
                zorder=4,
            )  # fmt: skip
            height = 8 + _LANE * (y + 0.5)
            label = clip(text(name), 11 if narrow else 26)
            sheet.text(12, height - 8, label, fontsize=12, color=INK, weight="bold")
            sheet.text(12, height + 8, f"n = {len(values)}", fontsize=10.5, color=SOFT)
            sheet.text(width - 12, height - 8, percent(mean), ha="right", color=INK, weight="bold")
            sheet.text(width - 12, height + 8, "mean", ha="right", fontsize=10.5, color=SOFT)
        return sheet

    told = [f"{name} {percent(sum(values) / len(values))}" for name, (values, _) in lanes.items()]
    wide, narrow = twice("fig-variants", f"Mean accuracy, {measure}: {', '.join(told)}", paint)
    legend = (
        Swatch("a search", ACCENT, "diamond"), Swatch("mean", INK, "bar"), Swatch("its 95 % interval", FAINT),
    )  # fmt: skip
    caption = (
        f"Accuracy, {measure}. An interval that leaves the figure is cut off. Marks are moved up or down "
        "only so that they do not hide one another."
    )
    return Drawing("fig-variants", wide, narrow, caption, legend)
