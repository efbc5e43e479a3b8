"""The figures of the gates over time: who leads each row, and how often a skip-connection does."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.ticker import MaxNLocator

from gapless.report.draw.ink import DOWN, INK, OTHER, SKIP, SOFT
from gapless.report.draw.sheet import Drawing, Sheet, Swatch, epochs, gridlines, twice
from gapless.report.gates import Row, is_none, skips
from gapless.report.words import clip

_STRIP, _PITCH, _HEAD, _FOOT = 26.0, 34.0, 34.0, 30.0
_MOST_MOMENTS = 41


def draw(found: Sequence[Row], colours: Mapping[str, str]) -> Drawing | None:
    """One strip a row; the thickness of a colour is the share of that option. ``None`` without rows."""
    if not found:
        return None
    names = dict.fromkeys(row.group for row in found)
    groups = {name: [row for row in found if row.group == name] for name in names}

    def paint(width: float) -> Sheet:
        blocks = _blocks(groups, width)
        heights = [max(_HEAD + _PITCH * len(rows) + _FOOT for _, rows in line) for line in blocks]
        sheet = Sheet(width, sum(heights) + 4)
        axes = sheet.canvas()
        top = 0.0
        for line, height in zip(blocks, heights, strict=True):
            across = width / len(line) if len(line) > 1 or width < 600 else width / 1.4
            for i, (title, rows) in enumerate(line):
                _block(sheet, axes, title, rows, colours, i * across, top, across)
            top += height
        return sheet

    wide, narrow = twice("fig-alpha", f"Gate shares of {len(found)} choices over the search", paint)
    options = dict.fromkeys(option for row in found for option in row.values)
    table = []
    for row in found:
        option, value = row.leader()
        table.append((row.group, row.label, option, f"{value:.3f}"))
    sums = [sum(values[at] for values in row.values.values()) for row in found for at in (0, -1)]
    whole = all(math.isclose(total, 1, abs_tol=0.02) for total in sums)
    caption = (
        "One strip a choice, time from left to right. The thicker a colour, the larger the share of that "
        "option; the leader at the end is written on the right with its gate value."
    )
    if not whole:
        caption += " Gates of one choice do not add up to 1 here; thickness is the share of their sum."
    legend = tuple(Swatch(name, colours.get(name, OTHER)) for name in options)
    return Drawing(
        "fig-alpha", wide, narrow, caption, legend, ("group", "choice", "leader", "gate value"), tuple(table)
    )


def _blocks(groups: Mapping[str, list[Row]], width: float) -> list[list[tuple[str, list[Row]]]]:
    """Lines of blocks: groups side by side where there is room, one long group split in two halves."""
    named = [(name, rows) for name, rows in groups.items()]
    if width < 600:
        return [[block] for block in named]
    if len(named) == 1 and len(named[0][1]) > 6:
        name, rows = named[0]
        half = math.ceil(len(rows) / 2)
        return [[(name, rows[:half]), ("", rows[half:])]]
    return [named[i : i + 2] for i in range(0, len(named), 2)]


def _block(
    sheet: Sheet,
    axes: Axes,
    title: str,
    rows: Sequence[Row],
    colours: Mapping[str, str],
    left: float,
    top: float,
    width: float,
) -> None:
    if title:
        sheet.text(
            left + 12,
            top + 14,
            clip(title[:1].upper() + title[1:], 40),
            fontsize=13,
            weight="bold",
            color=INK,
        )
    names = max(len(clip(row.label, 10)) for row in rows) * 6.6 + 22
    leaders = 118.0
    shapes, fills = [], []
    for i, row in enumerate(rows):
        y = top + _HEAD + i * _PITCH
        sheet.text(left + 12, y + _STRIP / 2, clip(row.label, 10), fontsize=11, color=SOFT)
        keep = np.unique(np.linspace(0, len(row.epochs) - 1, min(len(row.epochs), _MOST_MOMENTS)).astype(int))
        x = np.array(row.epochs)[keep]
        values = np.array([row.values[option] for option in row.values])[:, keep]
        if len(keep) == 1:
            x, values = np.array([x[0], x[0] + 1]), np.repeat(values, 2, axis=1)
        share = values / np.maximum(values.sum(axis=0), 1e-12)
        across = left + names + (x - x[0]) / (x[-1] - x[0]) * (width - names - leaders)
        floor = y + _STRIP * (1 - np.vstack([np.zeros(len(x)), share.cumsum(axis=0)]))
        for option, low, high in zip(row.values, floor, floor[1:], strict=False):
            there, back = np.column_stack([across, low]), np.column_stack([across, high])
            shapes.append(np.vstack([there, back[::-1]]))
            fills.append(colours.get(option, OTHER))
        option, value = row.leader()
        beside = left + width - leaders + 8
        sheet.text(beside, y + _STRIP / 2 - 6, clip(option, 16), fontsize=10.5, color=INK)
        sheet.text(beside, y + _STRIP / 2 + 7, f"{value:.2f}", fontsize=10, color=SOFT)
    axes.add_collection(PolyCollection(shapes, facecolors=fills, linewidths=0), autolim=False)
    under = top + _HEAD + len(rows) * _PITCH + 4
    first, last = rows[0].epochs[0], rows[0].epochs[-1]
    sheet.text(left + names, under, f"epoch {first:g}", fontsize=10, color=SOFT)
    if last > first:
        sheet.text(left + width - leaders, under, f"{last:g}", ha="right", fontsize=10, color=SOFT)


def draw_skips(found: Sequence[Row]) -> Drawing | None:
    """Rows that a skip-connection leads, over time; ``None`` where no row offers one."""
    counts = skips(found)
    if not counts:
        return None
    drawn = [(name, *counts[name]) for name in counts]
    most = max(total for _, _, _, total in drawn)

    def paint(width: float) -> Sheet:
        narrow = width < 600
        columns = 1 if narrow else min(len(drawn), 2)
        deep = math.ceil(len(drawn) / columns)
        across, high = width / columns, 176.0
        sheet = Sheet(width, deep * high + 4)
        for i, (name, times, led, total) in enumerate(drawn):
            row, column = divmod(i, columns)
            left, top = column * across, row * high
            title = f"{clip(name[:1].upper() + name[1:], 24)}: {led[-1]} of {total} at the end"
            sheet.text(left + 12, top + 12, title, fontsize=12, color=INK)
            axes = sheet.axes(left + 40, top + 30, across - 40 - 18, high - 30 - 44)
            gridlines(axes, "y")
            if len(times) == 1:
                axes.plot(times, led, "o", color=SKIP)
            else:
                axes.fill_between(times, led, step="post", color=SKIP, alpha=0.25, linewidth=0)
                axes.step(times, led, where="post", color=SKIP, linewidth=2.2)
                axes.set_xlim(times[0], times[-1])
            epochs(axes, times, 5)
            axes.axhline(total, color=DOWN, linewidth=1.2, linestyle=(0, (4, 3)))
            axes.set_ylim(0, most + 0.6)
            axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
            axes.set_xlabel("epoch", fontsize=10.5, labelpad=2)
        return sheet

    words = ", ".join(f"{name} {led[-1]} of {total}" for name, _, led, total in drawn)
    wide, narrow = twice("fig-skips", f"Choices led by a skip-connection at the end: {words}", paint)
    legend = (
        Swatch("choices that a skip-connection leads", SKIP),
        Swatch("all of them: collapse", DOWN, "dash"),
    )
    table = tuple(
        (name, str(led[0]), str(max(led)), str(led[-1]), str(total)) for name, _, led, total in drawn
    )
    caption = (
        "A skip-connection hands its input on unchanged. It is easy to train, so searches of this kind tend "
        "to prefer it for the wrong reason; when it leads nearly everywhere, the search has collapsed."
    )
    if any(is_none(option) for row in found for option in row.values):
        caption += " The option that cuts the connection is left aside in this count."
    return Drawing(
        "fig-skips", wide, narrow, caption, legend, ("group", "first", "most", "at the end", "choices"), table
    )
