"""Gradient angle: how far two gradients of alpha point apart."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch

from gapless.core import Space
from gapless.nets.seeded import seeded
from gapless.nets.statistics import still
from gapless.parts.contract import RunView
from gapless.parts.observe.reaction import End, Reaction
from gapless.parts.update.formula import Formula
from gapless.parts.update.product import dot, filled


@dataclass(frozen=True)
class GradientAngle:
    """Column ``gradient_angle``: the angle in degrees between two gradients of alpha on the next batches.

    By default between those of the validation and of the training loss; with the implicit gradient as
    ``other``, it is the mathematical error of ``rule``. 90 where one of them is 0.

    Args:
        rule: the first gradient.
        other: the second.
        most: the stage ends as soon as the angle is above; never where 180.
        react: what happens then.
    """

    rule: Formula = field(default_factory=Formula)
    other: Formula = field(default_factory=lambda: Formula(train=1.0, val=0.0))
    most: float = 180.0
    react: Reaction = field(default_factory=End)

    def __call__(self, run: RunView) -> dict[str, float]:
        batches, alphas = run.batches(), list(run.alpha.values())
        sides = []
        for formula in (self.rule, self.other):
            with still(run.net), seeded(run.streams.integer("gradient angle"), run.device):
                sides.append(filled(formula.gradient(run, *batches)[0], alphas))
        row = {"gradient_angle": angle(*sides)}
        if row["gradient_angle"] > self.most and (stop := self.react(run, 0, row)) is not None:
            raise stop
        return row

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        for formula in (self.rule, self.other):
            yield from formula.conflicts(recipe, stage, choices)


def angle(a: list[torch.Tensor], b: list[torch.Tensor]) -> float:
    """In degrees, from 0 to 180."""
    a, b = [x.double() for x in a], [x.double() for x in b]
    lengths = math.sqrt(float(dot(a, a)) * float(dot(b, b)))
    if not lengths:
        return 90.0
    return math.degrees(math.acos(min(max(float(dot(a, b)) / lengths, -1.0), 1.0)))
