"""A mean as the documents say it."""

from __future__ import annotations

from collections.abc import Sequence

from gapless.audit.ablation import mean


def value(numbers: Sequence[float], scale: float = 1.0, digits: int = 1) -> str:
    """The mean times ``scale``, ``+-`` half of its 95 % interval by Student's t; none of one number."""
    found = mean(numbers)
    text = f"{scale * found['mean']:.{digits}f}"
    return text if found["low"] is None else f"{text} +- {scale * (found['high'] - found['mean']):.{digits}f}"
