"""Inherited sampling: only architectures that contain a given one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gapless.core import Arch, Choice, Space
from gapless.parts.contract import Active, RunView


@dataclass(frozen=True)
class Inherited:
    """``n`` architectures a step, uniform among those that have every pick of ``part``.

    ``part`` may leave choices open, and name fewer options than a choice picks. Reference: Meng et al.
    2020 (neural inheritance relation), where a deeper network keeps the best assignment of a shallower one.

    Args:
        part: see above; the empty architecture is contained in all.
        n: architectures.
    """

    part: Arch = field(default_factory=Arch)
    n: int = 1

    def __call__(self, run: RunView, rng: np.random.Generator) -> Sequence[Active]:
        return [run.choices.active(_completed(run.choices, self.part, rng)) for _ in range(self.n)]

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        for line in _foreign(choices, self.part):
            yield f"the sampler 'inherited' keeps {line}"


def _completed(space: Space, part: Arch, rng: np.random.Generator) -> Arch:
    """Uniform, because what is open is chosen independently of all else."""
    return Arch(tuple((choice.name, _picked(choice, part, rng)) for choice in space.choices))


def _picked(choice: Choice, part: Arch, rng: np.random.Generator) -> tuple[tuple[str, Arch], ...]:
    kept = dict(dict(part.picks).get(choice.name, ()))
    picked = [(o, _completed(choice.inside(o), inner, rng)) for o, inner in kept.items()]
    fewest, most = choice.least - len(kept), choice.most - len(kept)
    if most == 0:
        return tuple(picked)
    rest = {option: space for option, space in choice.options.items() if option not in kept}
    others = Space((replace(choice, options=rest, pick=(max(fewest, 1), most), relaxed_only=()),))
    if fewest < 1 and rng.random() * (others.size() + 1) < 1:
        return tuple(picked)
    return (*picked, *others.sample(rng)[choice.name].items())


def _foreign(space: Space, part: Arch, where: str = "") -> Iterator[str]:
    """What no architecture of the space has."""
    by_name = {choice.name: choice for choice in space.choices}
    for name in part:
        at = f"{where}{name}"
        if name not in by_name:
            yield f"a pick at '{at}', which is no choice of this space"
            continue
        choice = by_name[name]
        if len(part[name]) > choice.most:
            yield f"{len(part[name])} picks at '{at}', where an architecture has {choice.most}"
        for option, inner in part[name].items():
            if option in choice.options:
                yield from _foreign(choice.inside(option), inner, f"{at}/{option}/")
            else:
                yield f"'{option}' at '{at}', which is not an option there"
