"""The figure of the ranking: accuracy under shared weights against accuracy trained alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gapless.report.draw.ink import ACCENT, INK, PAPER, SOFT
from gapless.report.draw.sheet import Drawing, Sheet, gridlines, twice
from gapless.report.gates import text
from gapless.report.words import count, percent, real

TITLES = {
    "recalibrated": "statistics recalibrated", "kept": "statistics kept",
    "judged": "the method's own judgement",
}  # fmt: skip
_KINDS = (("recalibrated", ACCENT), ("kept", SOFT), ("judged", ACCENT))
_ACROSS = {"judged": "mean rank among all that were scored"}
_HIGH = 320.0


def draw(points: Sequence[Mapping[str, Any]], table: str = "") -> Drawing | None:
    """One chart a way of scoring, one mark a sub-network; ``None`` where fewer than two have both numbers.

    Args:
        table: name of the one that the accuracies are out of; empty where each was trained alone.
    """
    alone = {i: truth for i, one in enumerate(points) if (truth := real(one.get("alone"))) is not None}
    marks = {
        name: [(score, alone[i]) for i in alone if (score := real(points[i].get(name))) is not None]
        for name, _ in _KINDS
    }
    shown = [(name, colour) for name, colour in _KINDS if len(marks[name]) > 1]
    if not shown:
        return None

    def paint(width: float) -> Sheet:
        columns = 1 if width < 600 else len(shown)
        across = width / columns
        sheet = Sheet(width, _HIGH * (len(shown) // columns) + 4)
        for i, (name, colour) in enumerate(shown):
            row, column = divmod(i, columns)
            left, top = column * across, row * _HIGH
            sheet.text(left + 12, top + 12, TITLES[name].capitalize(), fontsize=12, color=INK)
            axes = sheet.axes(left + 58, top + 32, across - 58 - 26, _HIGH - 32 - 50)
            gridlines(axes, "y")
            x, y = ([100 * pair[side] for pair in marks[name]] for side in (0, 1))
            axes.plot(
                x, y, "o", color=colour, markersize=9, markeredgecolor=PAPER, markeredgewidth=1.2, zorder=4,
            )  # fmt: skip
            axes.margins(x=0.08, y=0.1)
            for direction in ("x", "y"):
                axes.locator_params(axis=direction, nbins=5)
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_formatter(lambda value, _: f"{value:.4g}%")
            axes.set_xlabel(_ACROSS.get(name, "accuracy with shared weights"), fontsize=11)
        return sheet

    truths, known = list(alone.values()), f"in {table}" if table else "trained alone"
    alt = f"{len(alone)} sub-networks, {known} {percent(min(truths))} to {percent(max(truths))}"
    wide, narrow = twice("fig-ranking", alt, paint)
    best = sorted(alone, key=lambda i: -alone[i])
    rows = tuple(
        (
            text(points[i].get("key")),
            percent(alone[i]),
            *(_percent(points[i].get(name)) for name, _ in shown),
            _count(points[i].get("macs")),
            _count(points[i].get("params")),
        )
        for i in best
    )
    caption = (
        "Each mark is a sub-network: to the right, what it reaches with the weights of the super-network; "
        f"up, what it reaches {known}. Were the ranking right, marks would only rise from left to right."
    )
    columns = ("sub-network", known, *(TITLES[name] for name, _ in shown), "MACs", "parameters")
    return Drawing("fig-ranking", wide, narrow, caption, (), columns, rows)


def _percent(value: Any) -> str:
    found = real(value)
    return "not recorded" if found is None else percent(found)


def _count(value: Any) -> str:
    found = real(value)
    return "not recorded" if found is None else count(found)
