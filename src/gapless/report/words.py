"""Numbers as people read them: percentages, points, counts, sizes and times."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

SPACE = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
_LOW = dict(zip("0123456789+-kijn", "₀₁₂₃₄₅₆₇₈₉₊₋ₖᵢⱼₙ", strict=True))


def real(value: Any) -> float | None:
    """The value as a finite float; ``None`` for anything that is no such number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def tenths(accuracy: float) -> int:
    """An accuracy in 0..1 as whole tenths of a percentage point, halves away from zero."""
    return math.floor(abs(accuracy) * 1000 + 0.5) * (1 if accuracy >= 0 else -1)


def percent(accuracy: float) -> str:
    """``0.9744`` as ``97.4 %``."""
    return f"{tenths(accuracy) / 10:.1f}{SPACE}%"


def points(change: int) -> str:
    """A change in whole tenths of a point as ``+1.2 points``, always with its sign."""
    sign = "+" if change > 0 else MINUS if change < 0 else "±"
    return f"{sign}{abs(change) / 10:.1f}{SPACE}points"


def count(number: float) -> str:
    """``1234567`` as ``1.23 million``; below ten thousand every digit is kept."""
    for size, name in ((1e9, "billion"), (1e6, "million"), (1e4, "thousand")):
        if abs(number) >= size:
            return f"{_three(number / (1e3 if name == 'thousand' else size))}{SPACE}{name}"
    return f"{number:,.0f}"


def size(number: float) -> str:
    """Bytes as ``4.82 MB`` (powers of 1000)."""
    for scale, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if number >= scale:
            return f"{_three(number / scale)}{SPACE}{name}"
    return f"{number:.0f}{SPACE}bytes"


def duration(seconds: float) -> str:
    """Seconds as ``3 h 12 min``, at most two units."""
    if seconds < 10:
        return f"{_three(seconds)}{SPACE}s"
    whole = round(seconds)
    pairs = [(86400, "d"), (3600, "h"), (60, "min"), (1, "s")]
    for (unit, name), (below, lower) in itertools.pairwise(pairs):
        if whole >= unit:
            rest = whole % unit // below
            return f"{whole // unit}{SPACE}{name}" + (f" {rest}{SPACE}{lower}" if rest else "")
    return f"{whole}{SPACE}s"


def plain(value: Any) -> str:
    """Any value as short text: lists joined, true and false as yes and no, floats to four digits."""
    if value is None or value == "":
        return "not recorded"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(plain(item) for item in value)
    return str(value)


def subscripts(label: str) -> str:
    """``c_{k-2}`` as ``cₖ₋₂`` and ``c_k`` as ``cₖ``; a label with other signs below stays as it is."""

    def low(found: re.Match[str]) -> str:
        return "".join(_LOW[sign] for sign in found[1]) if set(found[1]) <= set(_LOW) else found[0]

    return re.sub(r"_\{([^{}]+)\}", low, re.sub(r"^([A-Za-z])_([0-9kijn])$", r"\1_{\2}", label))


def clip(text: str, length: int) -> str:
    """The text, cut with an ellipsis to at most ``length`` characters."""
    return text if len(text) <= length else text[: max(length - 1, 1)].rstrip() + "…"


def _three(number: float) -> str:
    """Three significant digits without an exponent."""
    if number == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(number))))
    return f"{number:.{min(digits, 6)}f}"
