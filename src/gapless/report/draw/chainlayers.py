"""A chain of layers as numbered boxes in reading order."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, Rectangle

from gapless.report.draw.ink import FAINT, INK, OTHER, PAPER, SOFT
from gapless.report.gates import text
from gapless.report.words import clip

_HIGH, _GAP, _BETWEEN = 48.0, 16.0, 20.0
_LONGEST = 20


@dataclass(frozen=True)
class Layer:
    """One box: ``label`` is the operation or the end's name, ``note`` what else is known of the layer."""

    label: str
    note: str = ""
    end: bool = False


def layers(panel: Mapping[str, Any]) -> list[Layer] | None:
    """The boxes of a panel that is a plain sequence without forks, in its order; ``None`` for any other.

    The operation of a layer is the label of the edge into it, or else of its node.
    """
    nodes = {text(node.get("id")): node for node in panel.get("nodes") or []}
    edges = [edge for edge in panel.get("edges") or [] if text(edge.get("to")) in nodes]
    after = {text(edge.get("from")): edge for edge in edges}
    first = [name for name in nodes if name not in {text(edge.get("to")) for edge in edges}]
    if len(nodes) < 3 or len(edges) != len(nodes) - 1 or len(after) != len(edges) or len(first) != 1:
        return None
    name, found = first[0], [_layer(nodes[first[0]], "")]
    while name in after:
        edge = after[name]
        name = text(edge.get("to"))
        found.append(_layer(nodes[name], text(edge.get("label"))))
    return found if len(found) == len(nodes) else None


def _layer(node: Mapping[str, Any], operation: str) -> Layer:
    label = text(node.get("label"))
    if node.get("kind") in ("input", "output"):
        return Layer(label, operation, end=True)
    return Layer(operation, label) if operation else Layer(label)


def layout(boxes: Sequence[Layer], width: float) -> tuple[int, float, float]:
    """Boxes a row, the width of a box, and the height of the whole chain."""
    longest = max((min(len(box.label), _LONGEST) for box in boxes), default=1)
    least = max(longest * 6.9 + 26, 84)
    columns = max(1, min(int((width - 24 + _GAP) // (least + _GAP)), 7, len(boxes)))
    wide = (width - 24 - _GAP * (columns - 1)) / columns
    rows = math.ceil(len(boxes) / columns)
    return columns, wide, rows * (_HIGH + _BETWEEN) - _BETWEEN + 8


def paint(axes: Axes, boxes: Sequence[Layer], width: float, top: float, colours: Mapping[str, str]) -> None:
    """Draw the chain below ``top``; a thin line leads from box to box and from row to row."""
    columns, wide, _ = layout(boxes, width)
    number = 0
    for i, box in enumerate(boxes):
        row, column = divmod(i, columns)
        x, y = 12 + column * (wide + _GAP), top + 4 + row * (_HIGH + _BETWEEN)
        number += not box.end
        if i:
            _connect(axes, x, y, column, columns, wide)
        rim: dict[str, Any] = {
            "facecolor": FAINT if box.end else PAPER,
            "edgecolor": FAINT,
            "linewidth": 1.2,
            "zorder": 3,
        }
        axes.add_patch(FancyBboxPatch((x, y), wide, _HIGH, boxstyle="round,pad=0,rounding_size=5", **rim))
        shown = clip(box.label, _LONGEST)
        if box.end:
            middle = x + wide / 2, y + _HIGH / 2
            axes.text(*middle, shown, ha="center", va="center", fontsize=11.5, color=INK, zorder=5)
            continue
        colour = colours.get(box.label, OTHER)
        axes.add_patch(Rectangle((x, y + 4), 5, _HIGH - 8, facecolor=colour, edgecolor="none", zorder=4))
        small: dict[str, Any] = {"va": "center", "fontsize": 10, "color": SOFT, "zorder": 5}
        axes.text(x + 14, y + 14, str(number), ha="left", **small)
        axes.text(x + wide - 8, y + 14, clip(box.note, max(int((wide - 44) / 6), 1)), ha="right", **small)
        axes.text(x + 14, y + 32, shown, ha="left", va="center", fontsize=11.5, color=INK, zorder=5)


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
