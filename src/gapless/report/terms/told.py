"""Told: a term of the gap in words and numbers as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gapless.report.words import MINUS, SPACE, points, real, tenths

UNKNOWN = "not known"


@dataclass(frozen=True)
class Told:
    """What a section says: the sentence that comes first, further paragraphs, and a table."""

    lead: str
    more: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()


def without(found: Mapping[str, Any], what: str) -> Told | None:
    """A term that cannot be measured here, and why; None where findings give no reason."""
    why = found.get("missing")
    return Told(f"{what}: {why}.") if isinstance(why, str) and why else None


def number(value: Any, digits: int = 2) -> str:
    """A number with so many decimals and a true minus sign; ``not known`` for anything else."""
    found = real(value)
    if found is None:
        return UNKNOWN
    text = f"{found:.{digits}f}"
    return text.replace("-", MINUS) if float(text) else text.lstrip("-")


def short(value: Any) -> str:
    """A number of any size with three significant digits; whole from a thousand on."""
    found = real(value)
    if found is None:
        return UNKNOWN
    size = abs(found)
    sign = MINUS if found < 0 else ""
    if size == 0:
        return "0"
    return sign + (f"{size:#.3g}" if 1e-3 <= size < 999.5 else f"{size:.3g}" if size < 1 else _large(size))


def _large(size: float) -> str:
    return f"{size:,.0f}" if size < 1e6 else f"{size:.2e}"


def change(value: Any) -> str:
    """A difference of accuracies in points, with its sign."""
    found = real(value)
    return UNKNOWN if found is None else points(tenths(found))


def size(value: Any) -> str:
    """The size of a difference of accuracies in points, without a sign."""
    found = real(value)
    return UNKNOWN if found is None else f"{abs(tenths(found)) / 10:.1f}{SPACE}points"


def estimate(found: Any, scale: float = 1.0, digits: int = 2) -> str:
    """``0.62 (0.41 to 0.78)``; without the interval where there is none."""
    if not isinstance(found, Mapping):
        return UNKNOWN
    value, low, high = (real(found.get(name)) for name in ("value", "low", "high"))
    if value is None:
        return UNKNOWN
    text = number(scale * value, digits)
    if low is None or high is None:
        return text
    return f"{text} ({number(scale * low, digits)} to {number(scale * high, digits)})"


def counted(n: int, one: str, many: str = "") -> str:
    """``1 epoch``, ``3 epochs``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"
