"""The figure of the ranking: accuracy under shared weights against accuracy trained alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gapless.report.draw.ink import ACCENT, PAPER, SOFT
from gapless.report.draw.sheet import Drawing, Sheet, Swatch, gridlines, twice
from gapless.report.gates import text
from gapless.report.words import count, percent, real

_KINDS = (("recalibrated", ACCENT, "o", "dot"), ("kept", SOFT, "D", "diamond"))


def draw(points: Sequence[Mapping[str, Any]]) -> Drawing | None:
    """One mark a sub-network and way of scoring; ``None`` where fewer than two have both numbers."""
    alone = {i: truth for i, one in enumerate(points) if (truth := real(one.get("alone"))) is not None}
    marks = {
        name: [(score, alone[i]) for i in alone if (score := real(points[i].get(name))) is not None]
        for name, *_ in _KINDS
    }
    shown = [(name, *how) for name, *how in _KINDS if len(marks[name]) > 1]
    if not shown:
        return None

    def paint(width: float) -> Sheet:
        narrow = width < 600
        sheet = Sheet(width, 300 if narrow else 360)
        axes = sheet.axes(56, 16, width - 56 - 26, sheet.height - 16 - 46)
        gridlines(axes, "y")
        for name, colour, marker, _ in reversed(shown):
            x, y = ([100 * pair[side] for pair in marks[name]] for side in (0, 1))
            axes.plot(
                x, y, marker, color=colour, markersize=9 if marker == "o" else 7, markeredgecolor=PAPER,
                markeredgewidth=1.2, zorder=4,
            )  # fmt: skip
        axes.margins(x=0.06, y=0.1)
        axes.locator_params(axis="x", nbins=4 if narrow else 8)
        axes.locator_params(axis="y", nbins=5)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda value, _: f"{value:.4g}%")
        axes.set_xlabel("accuracy with shared weights", fontsize=11)
        return sheet

    truths = list(alone.values())
    alt = f"{len(alone)} sub-networks, trained alone {percent(min(truths))} to {percent(max(truths))}"
    wide, narrow = twice("fig-ranking", alt, paint)
    titles = {"recalibrated": "statistics recalibrated", "kept": "statistics kept"}
    legend = tuple(Swatch(titles[name], colour, shape) for name, colour, _, shape in shown)
    best = sorted(alone, key=lambda i: -alone[i])
    table = tuple(
        (
            text(points[i].get("key")),
            percent(alone[i]),
            *(_percent(points[i].get(name)) for name, *_ in shown),
            _count(points[i].get("macs")),
            _count(points[i].get("params")),
        )
        for i in best
    )
    caption = (
        "Each mark is a sub-network: to the right, what it reaches with the weights of the super-network; "
        "up, what it reaches trained alone. Were the ranking right, marks of one kind would only rise."
    )
    columns = ("sub-network", "trained alone", *(titles[name] for name, *_ in shown), "MACs", "parameters")
    return Drawing("fig-ranking", wide, narrow, caption, legend, columns, table)


def _percent(value: Any) -> str:
    found = real(value)
    return "not recorded" if found is None else percent(found)


def _count(value: Any) -> str:
    found = real(value)
    return "not recorded" if found is None else count(found)
