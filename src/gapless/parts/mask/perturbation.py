"""Perturbation-based selection: what hurts most when it is taken away stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch

from gapless.core import Choice, Path, Space
from gapless.nets.gate import Mix
from gapless.parts.contract import Extra, Gates, RunView

DECISIONS = "perturbation/decisions"
Score = Callable[[str], float]


@dataclass(frozen=True)
class Perturbation:
    """One decision after another, spread evenly over the epochs of its stage, the last at its end.

    First the leaf choices, then those of edges, both in random order. For each option o of a choice, with its
    others there,

        s_o = accuracy_val(F without o)

    and as many as are picked stay, those with the lowest s; the earlier of equal ones. Gates are those of the
    epoch's end, without normalising what is left; BatchNorm uses the statistics of each batch.
    Reference: Wang et al. 2021 (rethinking architecture selection), algorithm 1;
    ruocwang/darts-pt, sota/cnn/projection.py.

    Args:
        batches: of the validation split, for one accuracy; 0 for all.
    """

    batches: int = 0

    def init(self, run: RunView) -> Extra:
        """How many decisions there were when the stage began."""
        return {DECISIONS: torch.tensor(len(list(_open(run.choices, ()))))}

    def __call__(self, run: RunView, epoch_gates: Gates) -> Space | None:
        total, progress = int(run.extra[DECISIONS]), run.progress
        left = total - total * progress.epoch // progress.epochs
        choices = run.choices
        while len(open_ := list(_open(choices, ()))) > left:
            leaves = [entry for entry in open_ if entry[1].leaf]
            ready = leaves or open_
            rng = run.streams.generator("perturbation", len(open_))
            path, choice = ready[int(rng.integers(len(ready)))]
            kept = needed(choice, self._scorer(run, choices, path))
            choices = choices.restrict(partial(_stays, path, kept))
        return None if choices == run.choices else choices

    def _scorer(self, run: RunView, choices: Space, path: Path) -> Score:
        """Accuracy without one option of the choice at ``path``, as ``choices`` stand now."""
        mix = run.mix()
        return lambda option: (
            run.validation(_without(mix, run, choices, (*path, option)), self.batches).accuracy
        )

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the mask 'perturbation' takes options out of the mix, but the stage has no relaxation"
        elif getattr(stage.relax, "random", False):
            yield "the mask 'perturbation' compares mixes, but those of the stage's relaxation are drawn"


def needed(choice: Choice, score: Score) -> list[str]:
    """The options without which the score is lowest, as many as are picked."""
    return sorted(choice.options, key=score)[: choice.most]


def _open(space: Space, prefix: Path) -> Iterator[tuple[Path, Choice]]:
    """Choices that have more options than are picked, or that only the relaxation has."""
    for choice in space.choices:
        path = (*prefix, choice.name)
        if len(choice.options) > choice.most or choice.relaxed_only:
            yield path, choice
        for option in choice.options:
            yield from _open(choice.inside(option), (*path, option))


def _stays(path: Path, kept: Sequence[str], at: Path, option: str) -> bool:
    return at != path or option in kept


def _without(mix: Mix, run: RunView, now: Space, gone: Path) -> Mix:
    """The mix of what ``now`` has, less the option at ``gone`` and what is inside it."""
    there = {
        (row_path, option)
        for group in now.groups()
        for row, row_path in enumerate(group.rows)
        for option, has in zip(group.options, group.mask[row], strict=True)
        if has and (*row_path, option)[: len(gone)] != gone
    }
    smaller = {}
    for group in run.choices.groups():
        gate = mix[group.name]
        active = np.array([[(row, o) in there for o in group.options] for row in group.rows])
        active &= True if gate.active is None else gate.active
        weight = None if gate.weight is None else gate.weight.detach()
        smaller[group.name] = replace(gate, weight=weight, active=active)
    return smaller
