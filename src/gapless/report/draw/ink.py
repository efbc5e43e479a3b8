"""Colours by meaning: placeholders in the drawing, CSS variables on the page, for light and dark alike."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gapless.report.gates import is_none, is_skip

INK, SOFT, FAINT, PAPER = "#a00001", "#a00002", "#a00003", "#a00004"
UP, DOWN, ACCENT = "#a00005", "#a00006", "#a00007"
SKIP, NONE, OTHER = "#a00008", "#a00009", "#a0000a"
POOLS = ("#a0000b", "#a0000c")
OPERATIONS = ("#a00010", "#a00011", "#a00012", "#a00013", "#a00014", "#a00015", "#a00016")

VARIABLES = {
    INK: "--ink",
    SOFT: "--soft",
    FAINT: "--faint",
    PAPER: "--paper",
    UP: "--up",
    DOWN: "--down",
    ACCENT: "--accent",
    SKIP: "--skip",
    NONE: "--none",
    OTHER: "--other",
    **{colour: f"--pool-{i}" for i, colour in enumerate(POOLS)},
    **{colour: f"--op-{i}" for i, colour in enumerate(OPERATIONS)},
}
_PLACEHOLDER = re.compile("#a000[01][0-9a-f]")


def css(colour: str) -> str:
    """The CSS value of a placeholder, e.g. ``var(--ink)``."""
    return f"var({VARIABLES[colour]})"


def recolour(svg: str) -> str:
    """The SVG with every placeholder replaced by its CSS variable."""
    return _PLACEHOLDER.sub(lambda found: css(found.group()), svg)


def assign(options: Iterable[str]) -> dict[str, str]:
    """One colour an operation, the same on the whole page: skip and pools have their own, none is grey."""
    chosen: dict[str, str] = {}
    pools, plain = iter(POOLS), iter(OPERATIONS)
    for option in options:
        if option in chosen:
            continue
        if is_none(option):
            chosen[option] = NONE
        elif is_skip(option):
            chosen[option] = SKIP
        elif "pool" in option.lower():
            chosen[option] = next(pools, OTHER)
        else:
            chosen[option] = next(plain, OTHER)
    return chosen
