"""Chance: the distribution over architectures that gate values stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import permutations
from math import prod
from typing import Any

import numpy as np
import torch

from gapless.core import Arch, Choice, Path, Space
from gapless.parts.contract import Gates

Values = Mapping[Path, Mapping[str, Any]]
"""Path of each leaf choice to the gate values of its options: floats, or tensors without a dimension."""


def by_path(choices: Space, tables: Mapping[str, Sequence[Any]]) -> Values:
    """Gate values of every option that an architecture may have, from tables `rows x options`."""
    return {
        path: {o: v for o, v, may in zip(group.options, values, group.pickable[row], strict=True) if may}
        for group in choices.groups()
        for row, (path, values) in enumerate(zip(group.rows, tables[group.name], strict=True))
    }


def odds(choice: Choice, path: Path, values: Values) -> dict[str, Any]:
    """How strong each option is: its gate; else the product, over the choices inside, of their sums.

    An edge of a DARTS cell is as strong as the gates of the operations that it may have together.
    """
    if path in values:
        return dict(values[path])
    return {
        option: prod(
            sum(odds(inner, (*path, option, inner.name), values).values())
            for inner in choice.inside(option).choices
        )
        for option in choice.options
    }


def open_picks(choices: Space, part: str) -> Iterable[str]:
    """Says that a part draws a fixed number of options, where a choice leaves that number open."""
    for choice in choices.choices:
        if choice.least != choice.most:
            yield (
                f"{part} draws as many options as a choice picks, but choice '{choice.name}' picks "
                f"{choice.least} to {choice.most}"
            )
            return
        for option in choice.options:
            if lines := list(open_picks(choice.inside(option), part)):
                yield from lines
                return


def draw(choices: Space, gates: Gates, rng: np.random.Generator) -> Arch:
    """An architecture: at every choice one option after another, without replacement, by its odds."""
    return _drawn(choices, (), by_path(choices, {name: t.tolist() for name, t in gates.items()}), rng)


def _drawn(space: Space, prefix: Path, values: Values, rng: np.random.Generator) -> Arch:
    picks = []
    for choice in space.choices:
        path = (*prefix, choice.name)
        left, picked = {o: max(v, 0.0) for o, v in odds(choice, path, values).items()}, []
        for _ in range(choice.most):
            option = _one(left, rng)
            del left[option]
            picked.append((option, _drawn(choice.inside(option), (*path, option), values, rng)))
        picks.append((choice.name, tuple(picked)))
    return Arch(tuple(picks))


def _one(weights: Mapping[str, float], rng: np.random.Generator) -> str:
    """One option by its weight; any of them where all weights are 0."""
    strong = {o: w for o, w in weights.items() if w > 0} or dict.fromkeys(weights, 1.0)
    point = rng.random() * sum(strong.values())
    for option, weight in strong.items():
        point -= weight
        if point < 0:
            return option
    return option  # where rounding leaves a rest


def log_chance(choices: Space, tables: Mapping[str, torch.Tensor], arch: Arch) -> torch.Tensor:
    """Logarithm of the probability with which `draw` draws an architecture, a scalar.

    Where k options are picked it is the sum over the k! orders in which they can be drawn.
    """
    values = by_path(choices, {name: [row.unbind() for row in table] for name, table in tables.items()})
    return torch.stack(_terms(choices, (), values, arch)).sum()


def _terms(space: Space, prefix: Path, values: Values, arch: Arch) -> list[torch.Tensor]:
    terms = []
    for choice in space.choices:
        path, weights = (*prefix, choice.name), odds(choice, (*prefix, choice.name), values)
        total, picked = sum(weights.values()), arch[choice.name]
        chance = sum(_in_order([weights[o] for o in order], total) for order in permutations(picked))
        terms.append(torch.log(torch.as_tensor(chance)))
        for option, inner in picked.items():
            terms += _terms(choice.inside(option), (*path, option), values, inner)
    return terms


def _in_order(weights: Sequence[Any], total: Any) -> Any:
    """Probability of drawing options of these weights in this order."""
    chance: Any = 1.0
    for weight in weights:
        chance = chance * (weight / total)
        total = total - weight
    return chance
