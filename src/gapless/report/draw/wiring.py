"""A cell as nodes on a line and arcs between them: left to right where there is room, else top to bottom."""

from __future__ import annotations

import contextlib
import graphlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse, FancyBboxPatch, PathPatch, Polygon
from matplotlib.path import Path

from gapless.report.draw.ink import FAINT, INK, NONE, OTHER, PAPER, SOFT
from gapless.report.draw.sheet import label_box
from gapless.report.gates import is_none, text
from gapless.report.words import clip, subscripts

Point = tuple[float, float]
Box = tuple[float, float, float, float]
_HALF = 15.0
_LONGEST = 18


@dataclass(frozen=True)
class Line:
    """Where nodes stand: on a line from ``start``, ``pitch`` pixels apart, ``across`` pixels from the edge.

    An arc to the next node stands ``lift`` pixels off the line, one to the node after that ``rise`` more.
    """

    start: float
    pitch: float
    across: float
    lift: float
    rise: float
    down: bool

    def at(self, index: float, away: float = 0.0) -> Point:
        """The point ``away`` pixels from the line, on the side where operations arch."""
        along = self.start + index * self.pitch
        return (self.across + away, along) if self.down else (along, self.across - away)


def ordered(panel: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Nodes of a panel in an order that every edge follows, as given where that is one."""
    nodes = {text(node.get("id")): node for node in panel.get("nodes") or []}
    order = list(nodes)
    ties = _edges(panel, nodes)
    if all(order.index(source) < order.index(target) for source, target, _ in ties):
        return [nodes[name] for name in order]
    before: dict[str, set[str]] = {name: set() for name in order}
    for source, target, _ in ties:
        before[target].add(source)
    with contextlib.suppress(graphlib.CycleError):
        order = list(graphlib.TopologicalSorter(before).static_order())
    return [nodes[name] for name in order]


def _edges(panel: Mapping[str, Any], nodes: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    found = [
        (text(edge.get("from")), text(edge.get("to")), text(edge.get("label")))
        for edge in panel.get("edges") or []
    ]
    return [edge for edge in found if edge[0] in nodes and edge[1] in nodes and edge[0] != edge[1]]


def measure(panel: Mapping[str, Any], width: float) -> tuple[Line, float]:
    """The line on which the nodes stand and the height that the panel takes."""
    nodes = ordered(panel)
    place = {text(node.get("id")): i for i, node in enumerate(nodes)}
    ties = _edges(panel, place)
    longest = max((abs(place[a] - place[b]) for a, b, label in ties if label), default=1)
    under = max((abs(place[a] - place[b]) for a, b, label in ties if not label), default=0)
    names = [len(_name(node)) for node in nodes] or [1]
    if width < 600:
        left = max(24 + 7.0 * under, 22 + max(names) * 3.6)
        half = _half(max((clip(label, _LONGEST) for _, _, label in ties), key=len, default=""))
        lift = _HALF + half + 8
        rise = max(min((width - left - lift - half - 4) / max(longest - 1, 1), 56.0), 6.0)
        return Line(26, 62, left, lift, rise, True), 26 + 62.0 * (len(nodes) - 1) + 30
    margin = 26 + max(names) * 3.6
    pitch = min((width - 2 * margin) / max(len(nodes) - 1, 1), 230.0)
    start = (width - pitch * (len(nodes) - 1)) / 2
    above = 50 + 36.0 * (longest - 1)
    return Line(start, pitch, above + 30, 52.0, 36.0, False), above + 30 + 30 + 9.0 * under


def paint(axes: Axes, panel: Mapping[str, Any], width: float, top: float, colours: Mapping[str, str]) -> None:
    """Draw a panel below ``top``: arcs with operations on one side, plain connections on the other."""
    line, _ = measure(panel, width)
    line = replace(line, start=line.start + top) if line.down else replace(line, across=line.across + top)
    nodes = ordered(panel)
    place = {text(node.get("id")): i for i, node in enumerate(nodes)}
    ties = _edges(panel, place)
    names = [_name(node) for node in nodes]
    boxes: list[Box] = [_box(*line.at(i), name) for i, name in enumerate(names)]
    halves = [_node_half(name) for name in names]
    ends = _ends(ties, place, halves, line.down)
    arcs = []
    for source, target, label in sorted(ties, key=lambda tie: abs(place[tie[1]] - place[tie[0]])):
        a, b = place[source], place[target]
        away = line.lift + line.rise * (abs(b - a) - 1) if label else -(18 + 7.0 * abs(b - a))
        colour = colours.get(label, OTHER) if label else SOFT
        leave, arrive = ends.get((source, target, label), (0.0, 0.0))
        rims = (halves[a], halves[b]) if line.down else (_HALF, _HALF)
        points = _arc(line, (a, b), away, (leave, arrive), rims)
        arcs.append((points, label, colour))
        dash = (0, (2, 3)) if is_none(label) else "-"
        codes = [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]
        weight = 2.2 if label and not is_none(label) else 1.1
        shape = Path(points, codes)
        axes.add_patch(
            PathPatch(shape, fill=False, edgecolor=colour, linewidth=weight, linestyle=dash, zorder=2)
        )
        _head(axes, points, colour)
    for points, label, colour in sorted(arcs, key=lambda arc: arc[1]):
        if label:
            _label(axes, points, label, colour if not is_none(label) else NONE, boxes, width)
    for i, node in enumerate(nodes):
        _node(axes, *line.at(i), names[i], text(node.get("kind")))


def _ends(
    ties: Sequence[tuple[str, str, str]], place: Mapping[str, int], halves: Sequence[float], down: bool
) -> dict[tuple[str, str, str], Point]:
    """How far beside its node each arc leaves and arrives, so that arcs of one node fan out."""
    ends: dict[tuple[str, str, str], list[float]] = {}
    for side in (0, 1):
        for name in place:
            for labelled in (True, False):
                fan = [tie for tie in ties if tie[side] == name and bool(tie[2]) is labelled]
                fan.sort(key=lambda tie: -abs(place[tie[1]] - place[tie[0]]))
                reach = (_HALF if down else halves[place[name]]) - 4
                for rank, tie in enumerate(fan):
                    spread = min(6.0, reach / max(len(fan), 1)) * (rank + 0.5)
                    ends.setdefault(tie, [0.0, 0.0])[side] = spread if side == 0 else -spread
    return {tie: (pair[0], pair[1]) for tie, pair in ends.items()}


def _arc(line: Line, ends: tuple[int, int], away: float, beside: Point, rims: Point) -> list[Point]:
    """Four control points of an arc whose top is ``away`` pixels from the line."""
    (a, b), side = ends, 1 if away > 0 else -1
    edges = side * rims[0], side * rims[1]
    pull = (away - (edges[0] + edges[1]) / 8) * 4 / 3
    lean = 0.12 * (b - a)
    start, end = line.at(a + beside[0] / line.pitch, edges[0]), line.at(b + beside[1] / line.pitch, edges[1])
    return [start, line.at(a + lean, pull), line.at(b - lean, pull), end]


def _on(points: Sequence[Point], t: float) -> Point:
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
    return (
        sum(w * p[0] for w, p in zip(weights, points, strict=True)),
        sum(w * p[1] for w, p in zip(weights, points, strict=True)),
    )


def _head(axes: Axes, points: Sequence[Point], colour: str) -> None:
    tip = np.array(points[3])
    back = np.array(_on(points, 0.93))
    direction = (tip - back) / max(float(np.linalg.norm(tip - back)), 1e-6)
    side = np.array([-direction[1], direction[0]])
    corners = np.array([tip, tip - 9 * direction + 4 * side, tip - 9 * direction - 4 * side])
    axes.add_patch(Polygon(corners, closed=True, facecolor=colour, edgecolor="none", zorder=3))


def _label(
    axes: Axes, points: Sequence[Point], label: str, colour: str, boxes: list[Box], width: float
) -> None:
    """The label on its arc, at the first place from the top of the arc where it covers nothing."""
    shown = clip(label, _LONGEST)
    places = [_on(points, t) for t in (0.5, 0.44, 0.56, 0.38, 0.62, 0.32, 0.68, 0.26, 0.74, 0.2, 0.8)]
    half = _half(shown)
    places = [(min(max(x, half), width - half), y) for x, y in places]
    x, y = min(places, key=lambda at: sum(_overlap(_box(at[0], at[1], shown), box) for box in boxes))
    boxes.append(_box(x, y, shown))
    axes.text(
        x, y, shown, ha="center", va="center", fontsize=10.5, color=INK, bbox=label_box(colour), zorder=5
    )


def _box(x: float, y: float, label: str) -> Box:
    half = _half(label)
    return x - half, y - 11, x + half, y + 11


def _name(node: Mapping[str, Any]) -> str:
    return clip(subscripts(text(node.get("label"))), 10)


def _half(label: str) -> float:
    """Half the width of a label with its box, in pixels, from above."""
    return len(label) * 3.3 + 8


def _node_half(name: str) -> float:
    return max(len(name) * 3.6 + 8, _HALF) if len(name) > 2 else _HALF


def _overlap(a: Box, b: Box) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def _node(axes: Axes, x: float, y: float, name: str, kind: str) -> None:
    half, outer = _node_half(name), kind in ("input", "output")
    rim: dict[str, Any] = {
        "facecolor": FAINT if outer else PAPER,
        "edgecolor": FAINT if outer else INK,
        "linewidth": 1.4,
        "zorder": 4,
    }
    if half == _HALF and not outer:
        axes.add_patch(Ellipse((x, y), 2 * half, 2 * half, **rim))
    else:
        corner = (x - half, y - _HALF)
        axes.add_patch(
            FancyBboxPatch(corner, 2 * half, 2 * _HALF, boxstyle="round,pad=0,rounding_size=5", **rim)
        )
    axes.text(x, y, name, ha="center", va="center", fontsize=12.5, color=INK, zorder=5)
