"""A chain of layers as numbered boxes in reading order."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, Rectangle

from gapless.report.draw.ink import FAINT, INK, OTHER, PAPER, SOFT
from gapless.report.gates import text
from gapless.report.words import clip

_HIGH, _GAP, _BETWEEN = 48.0, 16.0, 20.0
_LONGEST = 20


def is_chain(panel: Mapping[str, Any]) -> bool:
    """Whether a panel is a plain sequence: labels on its nodes, none on its edges, no forks."""
    nodes, edges = panel.get("nodes") or [], panel.get("edges") or []
    if len(nodes) < 3 or any(edge.get("label") for edge in edges):
        return False
    sources = [text(edge.get("from")) for edge in edges]
    targets = [text(edge.get("to")) for edge in edges]
    return len(set(sources)) == len(sources) and len(set(targets)) == len(targets)


def layout(nodes: Sequence[Mapping[str, Any]], width: float) -> tuple[int, float, float]:
    """Boxes a row, the width of a box, and the height of the whole chain."""
    longest = max((min(len(text(node.get("label"))), _LONGEST) for node in nodes), default=1)
    least = longest * 6.9 + 26
    columns = max(1, min(int((width - 24 + _GAP) // (least + _GAP)), 7, len(nodes)))
    wide = (width - 24 - _GAP * (columns - 1)) / columns
    rows = math.ceil(len(nodes) / columns)
    return columns, wide, rows * (_HIGH + _BETWEEN) - _BETWEEN + 8


def paint(
    axes: Axes, nodes: Sequence[Mapping[str, Any]], width: float, top: float, colours: Mapping[str, str]
) -> None:
    """Draw the chain below ``top``; a thin line leads from box to box and from row to row."""
    columns, wide, _ = layout(nodes, width)
    number = 0
    for i, node in enumerate(nodes):
        row, column = divmod(i, columns)
        x, y = 12 + column * (wide + _GAP), top + 4 + row * (_HIGH + _BETWEEN)
        label, kind = text(node.get("label")), text(node.get("kind"))
        layer = kind not in ("input", "output")
        number += layer
        if i:
            _connect(axes, x, y, column, columns, wide)
        axes.add_patch(
            FancyBboxPatch(
                (x, y),
                wide,
                _HIGH,
                boxstyle="round,pad=0,rounding_size=5",
                facecolor=PAPER if layer else FAINT,
                edgecolor=FAINT,
                linewidth=1.2,
                zorder=3,
            )
        )
        if layer:
            bar = Rectangle(
                (x, y + 4), 5, _HIGH - 8, facecolor=colours.get(label, OTHER), edgecolor="none", zorder=4
            )
            axes.add_patch(bar)
            axes.text(x + 14, y + 14, str(number), ha="left", va="center", fontsize=10, color=SOFT, zorder=5)
            axes.text(
                x + 14,
                y + 32,
                clip(label, _LONGEST),
                ha="left",
                va="center",
                fontsize=11.5,
                color=INK,
                zorder=5,
            )
        else:
            shown = clip(label, _LONGEST)
            middle = x + wide / 2, y + _HIGH / 2
            axes.text(*middle, shown, ha="center", va="center", fontsize=11.5, color=INK, zorder=5)


def _connect(axes: Axes, x: float, y: float, column: int, columns: int, wide: float) -> None:
    """The line that ends at the box at ``x, y``."""
    middle = y + _HIGH / 2
    if column:
        axes.plot([x - _GAP, x], [middle, middle], color=SOFT, linewidth=0.9, zorder=2)
        return
    right = 12 + columns * wide + (columns - 1) * _GAP
    above = y - _BETWEEN - _HIGH / 2
    turn = y - _BETWEEN / 2
    axes.plot(
        [right, right + 6, right + 6, x - 6, x - 6, x],
        [above, above, turn, turn, middle, middle],
        color=SOFT,
        linewidth=0.9,
        zorder=2,
    )
