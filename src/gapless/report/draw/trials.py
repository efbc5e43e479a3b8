"""The figures of an exploration: the best so far, and scores against what architectures cost."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullFormatter

from gapless.report.draw.candidates import front
from gapless.report.draw.ink import ACCENT, INK, PAPER, SOFT
from gapless.report.draw.sheet import Drawing, Sheet, Swatch, gridlines, twice
from gapless.report.terms.told import short
from gapless.report.words import count, percent, real

NAMES = {"macs": "MACs for one image", "params": "parameters", "latency": "latency, ms"}
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Scale:
    """What heights are: accuracies in per cent, or the numbers of another score as they are.

    Args:
        key: where rows have it.
    """

    key: str = "accuracy"

    @property
    def times(self) -> float:
        return 100.0 if self.key == "accuracy" else 1.0

    def say(self, value: float) -> str:
        return percent(value) if self.key == "accuracy" else short(value)

    def tick(self, value: float, _place: Any = None) -> str:
        return f"{value:.4g}%" if self.key == "accuracy" else f"{value:.4g}"


ACCURACY = Scale()


def best_so_far(curve: Any, rows: Rows, total: int, scale: Scale = ACCURACY) -> Drawing | None:
    """A step wherever the best rises, a dot an evaluation; ``None`` where nothing was scored.

    Args:
        curve: pairs of the number of evaluations and the best score, where it rises.
        rows: what was scored, with ``number`` and the score.
        total: evaluations in all.
    """
    listed = [p for p in curve if isinstance(p, list)] if isinstance(curve, list) else []
    pairs = ((real(pair[0]), real(pair[1])) for pair in listed if len(pair) == 2)
    rises = [(x, y) for x, y in pairs if x is not None and y is not None]
    if not rises:
        return None
    dots = _pairs(rows, "number", scale)

    def paint(width: float) -> Sheet:
        sheet, axes = _chart(width, scale)
        _dots(axes, dots, scale)
        ends = [*rises, (max(total, rises[-1][0]), rises[-1][1])]
        _line(axes, ends, scale)
        axes.xaxis.set_major_locator(MaxNLocator(4 if width < 600 else 7, integer=True))
        axes.set_xlabel("evaluations", fontsize=11)
        return sheet

    alt = f"Best {scale.key} so far, from {scale.say(rises[0][1])} to {scale.say(rises[-1][1])}"
    wide, narrow = twice("fig-curve", alt, paint)
    caption = f"The line is the best {scale.key} after so many evaluations; each dot is one evaluation."
    legend = (Swatch("best so far", ACCENT, "line"), Swatch("an evaluation", SOFT, "dot"))
    table = tuple((f"{x:,.0f}", scale.say(y)) for x, y in rises[-20:])
    return Drawing("fig-curve", wide, narrow, caption, legend, ("evaluations", f"best {scale.key}"), table)


def against(rows: Rows, cost: str, scale: Scale = ACCURACY) -> Drawing | None:
    """Scores against one cost, the best ringed; ``None`` where fewer than two have both numbers."""
    scored = [(x, y) for x, y in _pairs(rows, cost, scale) if x > 0]
    if len(scored) < 2:
        return None
    best, name = front(scored), NAMES.get(cost, cost)
    chosen = _pairs([row for row in rows if row.get("chosen")][:1], cost, scale)
    log = max(x for x, _ in scored) > 20 * min(x for x, _ in scored)

    def paint(width: float) -> Sheet:
        sheet, axes = _chart(width, scale)
        _dots(axes, scored, scale)
        _line(axes, best, scale)
        for x, y in chosen:
            axes.plot([x], [scale.times * y], "o", markersize=13, markerfacecolor="none", markeredgecolor=INK,
                      markeredgewidth=2.2, zorder=5)  # fmt: skip
        if log:
            axes.set_xscale("log")
            axes.xaxis.set_minor_formatter(NullFormatter())
        else:
            axes.xaxis.set_major_locator(MaxNLocator(4 if width < 600 else 7))
        axes.xaxis.set_major_formatter(lambda value, _: _short(value))
        axes.set_xlabel(name + (", logarithmic" if log else ""), fontsize=11)
        return sheet

    figure = "fig-cost-" + re.sub(r"[^A-Za-z0-9]+", "-", cost)
    wide, narrow = twice(figure, f"{scale.key} of {len(scored)} architectures against {name}", paint)
    caption = "Further left is cheaper, further up is better; the line joins what no other beats in both."
    legend = (Swatch("best for its cost", ACCENT, "line"), Swatch("chosen", INK, "ring"))
    table = tuple((count(x), scale.say(y)) for x, y in best[-20:])
    return Drawing(figure, wide, narrow, caption, legend, (name, scale.key), table)


def _chart(width: float, scale: Scale) -> tuple[Sheet, Axes]:
    sheet = Sheet(width, 300 if width < 600 else 360)
    axes = sheet.axes(52, 14, width - 52 - 24, sheet.height - 14 - 46)
    gridlines(axes, "y")
    axes.margins(x=0.04, y=0.08)
    axes.yaxis.set_major_formatter(scale.tick)
    return sheet, axes


def _line(axes: Axes, pairs: Sequence[tuple[float, float]], scale: Scale) -> None:
    x, y = [x for x, _ in pairs], [scale.times * y for _, y in pairs]
    axes.step(x, y, where="post", color=ACCENT, linewidth=1.8, zorder=4)


def _dots(axes: Axes, pairs: Sequence[tuple[float, float]], scale: Scale) -> None:
    many = len(pairs) > 300
    axes.plot(
        [x for x, _ in pairs], [scale.times * y for _, y in pairs], "o",
        markersize=3.5 if many else 6.5, color=SOFT,
        alpha=0.5 if many else 0.75, markeredgecolor=PAPER, markeredgewidth=0.4, zorder=3,
    )  # fmt: skip


def _pairs(rows: Rows, name: str, scale: Scale) -> list[tuple[float, float]]:
    pairs = ((real(row.get(name)), real(row.get(scale.key))) for row in rows)
    return [(x, y) for x, y in pairs if x is not None and y is not None]


def _short(value: float) -> str:
    for scale, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= scale:
            return f"{value / scale:.3g} {name}"
    return f"{value:.3g}"
