"""The numbers at the head of the page: accuracy with its spread, size, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gapless.core.interval import wilson
from gapless.report.words import SPACE, count, percent, real


@dataclass(frozen=True)
class Accuracy:
    """A mean accuracy in 0..1 and one sentence that says how sure it is."""

    mean: float
    spread: str
    sentence: str
    values: tuple[float, ...]


def accuracy(block: Any) -> Accuracy | None:
    """``{"values", "mean", "sd", "n_images"}`` in words; mean and sd are computed where they are absent."""
    if not isinstance(block, Mapping):
        return None
    raw = block.get("values")
    values = tuple(v for item in (raw if isinstance(raw, list) else []) if (v := real(item)) is not None)
    mean = real(block.get("mean"))
    if mean is None:
        if not values:
            return None
        mean = sum(values) / len(values)
    images = real(block.get("n_images"))
    n = int(images) if images is not None and images >= 1 else None
    on = f"on {n:,} images" if n else "on images"
    sentence = f"Trained alone and tested {on} that neither search nor training saw."
    if len(values) > 1:
        sd = real(block.get("sd"))
        if sd is None:
            sd = math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))
        spread = f"± {100 * sd:.1f} over {len(values)} seeds"
        sentence += f" Seeds range from {percent(min(values))} to {percent(max(values))}"
        sentence += "; ± is one standard deviation."
    elif n:
        low, high = wilson(min(max(mean, 0.0), 1.0), n)
        spread = "one seed"
        sentence += " By the number of images alone it could be anywhere "
        sentence += f"from {percent(low)} to {percent(high)} (95{SPACE}% interval)."
    else:
        spread = "one seed, spread unknown"
    return Accuracy(mean, spread, sentence, values)


def parameters(findings: Mapping[str, Any]) -> str | None:
    """Trainable parameters of the found network, in words."""
    cost = findings.get("cost")
    value = real(cost.get("params")) if isinstance(cost, Mapping) else None
    return None if value is None else count(value)


def verdict(baseline: Any) -> str | None:
    """One sentence on whether the search beats random architectures."""
    return _sentence(baseline, "verdict")


def judgement(found: Any) -> str | None:
    """The sentence that sets the search beside random search at equal cost."""
    return _sentence(found, "sentence")


def _sentence(found: Any, name: str) -> str | None:
    said = found.get(name) if isinstance(found, Mapping) else None
    return f"{str(said)[:1].upper()}{str(said)[1:]}" if said else None
