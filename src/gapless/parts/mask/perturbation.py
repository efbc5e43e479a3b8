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
Score = Callable[[Path, Sequence[str]], float]


@dataclass(frozen=True)
class Perturbation:
    """One decision after another, spread evenly over the epochs of its stage, the last at its end.

    First the leaf choices, in random order: for each option the validation accuracy without it, and the
    option with the lowest stays, as many as are picked. Then the choices of edges, in random order: one after
    another the edge without which accuracy is highest goes, until as many are left as are picked. Gates are
    those of the epoch's end, without normalising what is left; BatchNorm uses the statistics of each batch.
    The earlier of equal options stays, the later of equal edges goes.
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
            score = self._scorer(run, choices)
            kept = strongest(path, choice, score) if choice.leaf else surviving(path, choice, score)
            choices = choices.restrict(partial(_stays, path, kept))
        return None if choices == run.choices else choices

    def _scorer(self, run: RunView, choices: Space) -> Score:
        """Accuracy without some options of a choice, as ``choices`` stand now."""
        mix = run.mix()
        return lambda path, gone: (
            run.validation(_without(mix, run, choices, path, gone), self.batches).accuracy
        )

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the mask 'perturbation' takes options out of the mix, but the stage has no relaxation"
        elif getattr(stage.relax, "random", False):
            yield "the mask 'perturbation' compares mixes, but those of the stage's relaxation are drawn"


def strongest(path: Path, choice: Choice, score: Score) -> list[str]:
    """The options without which the score is lowest, as many as are picked."""
    return sorted(choice.options, key=lambda option: score(path, [option]))[: choice.most]


def surviving(path: Path, choice: Choice, score: Score) -> list[str]:
    """What is left when, one after another, the option without which the score is highest goes."""
    left, gone = list(choice.options), list[str]()
    while len(left) > choice.most:
        scores = [score(path, [*gone, option]) for option in left]
        at = max(range(len(left)), key=lambda i: (scores[i], i))
        gone.append(left.pop(at))
    return left


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


def _without(mix: Mix, run: RunView, now: Space, path: Path, gone: Sequence[str]) -> Mix:
    """The mix of what ``now`` has, less some options of the choice at ``path`` and what is inside them."""
    deep = len(path)
    there = {
        (row_path, option)
        for group in now.groups()
        for row, row_path in enumerate(group.rows)
        for option, has in zip(group.options, group.mask[row], strict=True)
        if has and not ((*row_path, option)[:deep] == path and (*row_path, option)[deep] in gone)
    }
    smaller = {}
    for group in run.choices.groups():
        gate = mix[group.name]
        active = np.array([[(row, o) in there for o in group.options] for row in group.rows])
        active &= True if gate.active is None else gate.active
        weight = None if gate.weight is None else gate.weight.detach()
        smaller[group.name] = replace(gate, weight=weight, active=active)
    return smaller
