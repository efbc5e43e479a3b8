"""A drawing surface in CSS pixels, and its SVG cleaned for a page: own ids, no dates, CSS colours."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gapless.report.draw.ink import FAINT, INK, PAPER, SOFT, recolour

WIDE, NARROW = 880.0, 360.0
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "gapless",
    "svg.id": None,
    "text.parse_math": False,
    "text.usetex": False,
    "font.family": ["DejaVu Sans"],
    "font.size": 12.0,
    "figure.dpi": 72.0,
    "savefig.dpi": 72.0,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "text.color": INK,
    "axes.labelcolor": SOFT,
    "axes.edgecolor": FAINT,
    "axes.linewidth": 1.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "axes.axisbelow": True,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": SOFT,
    "xtick.labelsize": 11.0,
    "ytick.labelsize": 11.0,
    "xtick.major.size": 4.0,
    "ytick.major.size": 0.0,
    "grid.color": FAINT,
    "grid.linewidth": 0.8,
    "lines.solid_capstyle": "round",
    "lines.solid_joinstyle": "round",
}


@contextmanager
def style() -> Iterator[None]:
    """Matplotlib as this page wants it, whatever the user's own settings; undone afterwards."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


@dataclass(frozen=True)
class Swatch:
    """One entry of a legend, set in HTML so that it wraps; ``shape`` is a CSS class such as ``dot``."""

    label: str
    colour: str
    shape: str = "square"


@dataclass(frozen=True)
class Drawing:
    """A figure of the page: two SVGs, what they show in words, and a table for those who want the numbers."""

    id: str
    wide: str
    narrow: str
    caption: str
    legend: tuple[Swatch, ...] = ()
    columns: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()


class Sheet:
    """A figure of ``width x height`` CSS pixels; positions count from the top left."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / 72, height / 72))

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """A chart in that rectangle, with a light grid along its values."""
        bottom = self.height - top - height
        rectangle = (left / self.width, bottom / self.height, width / self.width, height / self.height)
        return self.figure.add_axes(rectangle)

    def canvas(self) -> Axes:
        """The whole sheet as one chart without axes, one unit a pixel, downwards."""
        axes = self.axes(0, 0, self.width, self.height)
        axes.set_xlim(0, self.width)
        axes.set_ylim(self.height, 0)
        axes.set_axis_off()
        return axes

    def text(self, x: float, y: float, text: str, **how: Any) -> None:
        """Text at a pixel; ``how`` is passed on to matplotlib."""
        how = {"va": "center", **how}
        self.figure.text(x / self.width, 1 - y / self.height, text, **how)

    def svg(self, name: str, title: str, kind: str) -> str:
        """The SVG element to be put inline; every id starts with ``name``."""
        buffer = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        self.figure.savefig(buffer, format="svg", metadata=nothing)
        body = buffer.getvalue()
        body = body[body.index("<svg") :]
        body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", body, flags=re.DOTALL)
        used = set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', body))
        names = {name for pair in used for name in pair if name}
        body = re.sub(r' id="([^"]+)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in names else "", body)
        body = re.sub(r'href="#|url\(#', lambda m: f"{m[0]}{name}-", body)
        body = re.sub(r' d="[^"]+"', lambda m: re.sub(r"\d+\.\d+", _shorter, m[0]).replace("\n", ""), body)
        head = (
            f'<svg class="{kind}" viewBox="0 0 {self.width:g} {self.height:g}"'
            f' style="max-width:{self.width:g}px"'
            f' role="img" aria-labelledby="{name}-title"><title id="{name}-title">{escape(title)}</title>'
        )
        body = re.sub(r"<svg[^>]*>", lambda _: head, body, count=1)
        return recolour(re.sub(r">\s*\n\s*<", "><", body).strip())


def twice(figure: str, title: str, paint: Callable[[float], Sheet]) -> tuple[str, str]:
    """The wide and the narrow SVG of a figure that ``paint(width)`` draws."""
    wide = paint(WIDE).svg(f"{figure}-wide", title, "wide")
    return wide, paint(NARROW).svg(f"{figure}-narrow", title, "narrow")


def gridlines(axes: Axes, direction: str) -> None:
    """Light lines across one direction (``x`` or ``y``) and no frame on the other side."""
    axes.grid(True, axis="x" if direction == "x" else "y")
    axes.spines["left"].set_visible(False)


def epochs(axes: Axes, x: Sequence[float], most: int) -> None:
    """Whole numbers below the horizontal axis, about ``most`` of them; a single epoch is marked alone."""
    if len(set(x)) == 1:
        axes.set_xticks([x[0]], [f"{x[0]:g}"])
        axes.set_xlim(x[0] - 1, x[0] + 1)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(most, integer=True))


def label_box(colour: str) -> dict[str, Any]:
    """The box of a label that lies on a line: page-coloured, with a coloured rim."""
    return {"boxstyle": "round,pad=0.35", "facecolor": PAPER, "edgecolor": colour, "linewidth": 1.4}


def _shorter(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")
