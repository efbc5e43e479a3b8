"""The figure of the architecture: cells as wiring, chains as boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gapless.report.draw import chainlayers, wiring
from gapless.report.draw.ink import INK, SOFT
from gapless.report.draw.sheet import Drawing, Sheet, twice
from gapless.report.gates import text
from gapless.report.words import clip

_TITLE = 34.0


def operations(panels: Sequence[Mapping[str, Any]]) -> list[str]:
    """Every operation that the drawing names, in its order."""
    found: dict[str, None] = {}
    for panel in panels:
        boxes = chainlayers.layers(panel)
        if boxes is not None:
            found.update(dict.fromkeys(box.label for box in boxes if not box.end))
            continue
        named = [edge["label"] for edge in panel.get("edges") or [] if edge.get("label")]
        found.update(dict.fromkeys(map(text, named)))
    return list(found)


def draw(panels: Sequence[Mapping[str, Any]], colours: Mapping[str, str]) -> Drawing | None:
    """All panels below one another; ``None`` where no panel holds a node."""
    panels = [panel for panel in panels if panel.get("nodes")]
    if not panels:
        return None

    def paint(width: float) -> Sheet:
        heights = [_height(panel, width) for panel in panels]
        sheet = Sheet(width, sum(heights) + _TITLE * len(panels) + 18 * (len(panels) - 1) + 8)
        axes = sheet.canvas()
        top = 0.0
        for panel, height in zip(panels, heights, strict=True):
            title = clip(text(panel.get("title")) or "architecture", 40)
            axes.text(
                12,
                top + 14,
                title[:1].upper() + title[1:],
                fontsize=13,
                weight="bold",
                color=INK,
                va="center",
            )
            if top:
                axes.plot([12, width - 12], [top - 9, top - 9], color=SOFT, linewidth=0.4)
            boxes = chainlayers.layers(panel)
            if boxes is not None:
                chainlayers.paint(axes, boxes, width, top + _TITLE, colours)
            else:
                wiring.paint(axes, panel, width, top + _TITLE, colours)
            top += height + _TITLE + 18
        return sheet

    wide, narrow = twice("fig-architecture", "The architecture that was found", paint)
    return Drawing(
        "fig-architecture",
        wide,
        narrow,
        _caption(panels),
        (),
        ("part", "from", "to", "operation"),
        tuple(_lines(panels)),
    )


def _height(panel: Mapping[str, Any], width: float) -> float:
    boxes = chainlayers.layers(panel)
    return wiring.measure(panel, width)[1] if boxes is None else chainlayers.layout(boxes, width)[2]


def _caption(panels: Sequence[Mapping[str, Any]]) -> str:
    if own := next((text(panel["caption"]) for panel in panels if panel.get("caption")), ""):
        return own
    chains = [boxes for panel in panels if (boxes := chainlayers.layers(panel)) is not None]
    if len(chains) == len(panels):
        words = (
            "Layers in the order in which an image passes them; each box names the operation that was chosen."
        )
        noted = any(box.note and not box.end for boxes in chains for box in boxes)
        return words + (" The small text on its right is the shape of the layer." if noted else "")
    plain = any(not edge.get("label") for panel in panels for edge in panel.get("edges") or [])
    words = (
        "Each circle is a stack of feature maps; grey boxes are what comes in and what goes out. "
        "A coloured arc applies the operation written on it to the maps where it starts, and adds the result "
        "to those where it ends."
    )
    return words + (" Thin arcs pass maps on as they are." if plain else "")


def _lines(panels: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    lines: list[tuple[str, ...]] = []
    for panel in panels:
        names = {text(node.get("id")): text(node.get("label")) for node in panel["nodes"]}
        title = text(panel.get("title"))
        boxes = chainlayers.layers(panel)
        if boxes is not None:
            chosen = [box.label for box in boxes if not box.end]
            lines += [(title, f"layer {i}", f"layer {i + 1}", name) for i, name in enumerate(chosen)]
            continue
        for edge in panel.get("edges") or []:
            ends = [names.get(text(edge.get(end)), text(edge.get(end))) for end in ("from", "to")]
            lines.append((title, *ends, text(edge.get("label")) or "as it is"))
    return lines
