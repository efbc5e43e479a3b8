"""The interval that a number of images allows for an accuracy."""

from __future__ import annotations

import math

Z = 1.959963984540054  # 97.5 % quantile of the normal distribution


def wilson(accuracy: float, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval (Wilson 1927): what ``accuracy`` on ``n`` images does not rule out.

    It covers the choice of the images, not that of seeds or weights.
    """
    center = accuracy + Z * Z / (2 * n)
    reach = Z * math.sqrt(accuracy * (1 - accuracy) / n + Z * Z / (4 * n * n))
    low, high = (center - reach) / (1 + Z * Z / n), (center + reach) / (1 + Z * Z / n)
    return (0.0 if accuracy == 0 else low, 1.0 if accuracy == 1 else high)
