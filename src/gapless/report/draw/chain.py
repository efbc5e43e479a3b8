"""The figure of the accuracy chain: a waterfall that reads from top to bottom."""

from __future__ import annotations

from gapless.report.draw.ink import DOWN, FAINT, INK, PAPER, SOFT, UP
from gapless.report.draw.sheet import Drawing, Sheet, Swatch, gridlines, twice
from gapless.report.waterfall import Level, Step, Waterfall
from gapless.report.words import percent, points

_ROW = 38.0


def draw(fall: Waterfall) -> Drawing:
    """Levels as dots with their 95 % interval, steps as bars between them."""
    rows: list[Level | Step] = [fall.levels[0]]
    for step in fall.steps:
        rows += [step, step.end]
    ends = [level.accuracy for level in fall.levels]
    ends += [end for level in fall.levels for end in (level.low, level.high) if end is not None]
    room = max(max(ends) - min(ends), 0.02)
    limits = max(min(ends) - 0.06 * room, -0.01), min(max(ends) + 0.06 * room, 1.01)

    def paint(width: float) -> Sheet:
        narrow = width < 600
        left, right = (14.0, 14.0) if narrow else (300.0, 120.0)
        row = _ROW + (10 if narrow else 0)
        sheet = Sheet(width, row * len(rows) + 52)
        axes = sheet.axes(left, 8, width - left - right, row * len(rows))
        axes.set_xlim(*limits)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_yticks([])
        gridlines(axes, "x")
        axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g}")
        axes.locator_params(axis="x", nbins=5 if narrow else 8)
        axes.set_xlabel("accuracy on the audit images, %", fontsize=11)
        for y, item in enumerate(rows):
            middle = 8 + row * (y + 0.5)
            words = middle - 11 if narrow else middle
            low = 0.26 if narrow else 0.0
            if isinstance(item, Level):
                if item.low is not None and item.high is not None:
                    axes.plot([item.low, item.high], [y + low, y + low], color=SOFT, linewidth=1.4, zorder=3)
                axes.plot(
                    [item.accuracy], [y + low], "o", markersize=9, color=INK, markeredgecolor=PAPER, zorder=4
                )
                _words(sheet, width, words, item.title, percent(item.accuracy), narrow, INK, item.name)
                continue
            colour = UP if item.tenths > 0 else DOWN if item.tenths < 0 else SOFT
            a, b = item.start.accuracy, item.end.accuracy
            axes.barh([y + low], [b - a], left=a, height=0.36 if not narrow else 0.26, color=colour, zorder=3)
            for x, toward in ((a, y - 1 + low), (b, y + 1 + low)):
                axes.plot([x, x], [y + low, toward], color=FAINT, linewidth=1.0, zorder=1)
            _words(sheet, width, words, item.title, points(item.tenths), narrow, colour, "")
        return sheet

    first, last = fall.levels[0], fall.levels[-1]
    alt = f"Waterfall from {percent(first.accuracy)} to {percent(last.accuracy)}: " + "; ".join(
        f"{step.title} {points(step.tenths)}" for step in fall.steps
    )
    wide, narrow = twice("fig-chain", alt, paint)
    table = [
        (level.name, level.title, percent(level.accuracy), _interval(level), _n(level))
        for level in fall.levels
    ]
    known = any(level.low is not None for level in fall.levels)
    whiskers = "thin lines their 95 % intervals over images, " if known else ""
    alone = [level.name for level in fall.levels if level.name in ("a3", "a4")]
    once = f" {' and '.join(alone)}: one training each, which another seed may move farther." if alone else ""
    caption = (
        f"Dots are measured accuracies, {whiskers}bars the change from one to the next. "
        f"The bars add up to {points(fall.total)}: "
        f"from {percent(first.accuracy)} to {percent(last.accuracy)}.{once}"
    )
    legend = (Swatch("accuracy gained", UP), Swatch("accuracy lost", DOWN), Swatch("measured", INK, "dot"))
    return Drawing(
        "fig-chain",
        wide,
        narrow,
        caption,
        legend,
        ("", "network", "accuracy", "95 % interval", "images"),
        tuple(table),
    )


def _words(
    sheet: Sheet, width: float, y: float, left: str, right: str, narrow: bool, colour: str, name: str
) -> None:
    step = not name
    size = 11.0 if narrow else 12.0
    if name:
        sheet.text(14 if narrow else 12, y, name, fontsize=10.5, color=SOFT)
    halo = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.5} if narrow else None
    sheet.text(38 if narrow else 40, y, left, fontsize=size, color=SOFT if step else INK, bbox=halo)
    sheet.text(width - 12, y, right, ha="right", fontsize=size, color=colour, weight="bold", bbox=halo)


def _interval(level: Level) -> str:
    if level.low is None or level.high is None:
        return "not recorded"
    return f"{percent(level.low)} to {percent(level.high)}"


def _n(level: Level) -> str:
    return "not recorded" if level.n is None else f"{level.n:,}"
