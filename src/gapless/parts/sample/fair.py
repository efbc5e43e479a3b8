"""Strict fairness: every operation of every choice exactly once a step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from gapless.core import Space
from gapless.parts.contract import Active, RunView


@dataclass(frozen=True)
class StrictlyFair:
    """m paths a step, m being the number of options of a choice.

    For each choice a random order of its m options is drawn, independently of the other choices; path k
    computes the k-th option of every choice. Reference: Chu et al. 2019 (FairNAS), algorithm 1.

    Where an architecture also picks which edges it has (DARTS cells), all edges are live in every path
    and the order runs over the operations of each.
    """

    def __call__(self, run: RunView, rng: np.random.Generator) -> Sequence[Active]:
        groups = run.choices.groups()
        m = int(groups[0].pickable[0].sum())
        paths = [{group.name: np.zeros_like(group.pickable) for group in groups} for _ in range(m)]
        for group in groups:
            for row, pickable in enumerate(group.pickable):
                for k, column in enumerate(rng.permutation(np.flatnonzero(pickable))):
                    paths[k][group.name][row, column] = True
        return paths

    def conflicts(self, recipe: object, stage: object, choices: Space) -> Iterable[str]:
        counts = {int(row.sum()) for group in choices.groups() for row in group.pickable}
        if len(counts) > 1:
            yield (
                "strictly fair sampling needs choices with equally many options, "
                f"but this space has choices with {' and '.join(map(str, sorted(counts)))}"
            )
