"""Entropy: how far the relaxation is from a decision."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gapless.core import Space
from gapless.parts.contract import RunView
from gapless.parts.observe.reaction import End, Reaction


@dataclass(frozen=True)
class Entropy:
    """Column ``entropy``: the mean of ``-sum_o p_o log p_o / log n`` over choices with n > 1 options.

    p are the strengths of a choice over their sum; 1 is undecided, 0 decided, and 0 where no choice is left.
    With ``least`` the stage ends as soon as it is below.

    Args:
        least: the entropy below which all is decided; never where 0.
        react: what happens then.
    """

    least: float = 0.0
    react: Reaction = field(default_factory=End)

    def __call__(self, run: RunView) -> dict[str, float]:
        found, gates = [], run.gates()
        for group in run.choices.groups():
            for has, strengths in zip(group.mask, gates[group.name], strict=True):
                if has.sum() > 1:
                    found.append(normalised(strengths[has]))
        entropy = float(np.mean(found)) if found else 0.0
        row = {"entropy": entropy}
        if entropy < self.least and (stop := self.react(run, 0, row)) is not None:
            raise stop
        return row

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the observer 'entropy' reads the strengths of a relaxation, but the stage has none"


def normalised(strengths: np.ndarray[Any, Any]) -> float:
    """Of one choice, in [0, 1]; strengths that are all 0 count as equal."""
    total = strengths.sum()
    p = strengths / total if total > 0 else np.full(len(strengths), 1 / len(strengths))
    positive = p[p > 0]
    return float(-(positive * np.log(positive)).sum() / np.log(len(p)))
