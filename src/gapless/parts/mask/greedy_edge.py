"""Greedy edge: one edge after another is decided, the surest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from gapless.core import Group, Path, Space
from gapless.parts.contract import Gates, RunView
from gapless.parts.mask.sureness import Vector, score


@dataclass(frozen=True)
class GreedyEdge:
    """In each group, at set times, the leaf choice with the highest score keeps its strongest option alone.

    Once the choice that it lies in has as many decided options as it picks, the others leave it. Decisions
    are spread evenly from share ``first`` to share ``last`` of the stage: one is made at the end of the first
    epoch that is as far. The score is that of `sureness`. Reference: Li et al. 2020 (SGAS), algorithm 1;
    lightaime/sgas, cnn/train_search.py: after 10 of 50 epochs, then after every 5 to the 45th.

    Args:
        criterion: 1 without and 2 with stability.
        first: share of the stage at the first decision.
        last: at the last.
        history: epochs that stability is measured against.
    """

    criterion: Literal[1, 2] = 1
    first: float = 0.2
    last: float = 0.9
    history: int = 4

    def __call__(self, run: RunView, epoch_gates: Gates) -> Space | None:
        choices, changed = run.choices, False
        for group in run.choices.groups():
            scores = self._scores(run, group, epoch_gates[group.name])
            for _ in range(self._due(run, group)):
                left = [path for path in open_rows(choices, group) if path in scores]
                if left:
                    best = max(left, key=lambda path: scores[path])
                    row = epoch_gates[group.name][group.rows.index(best)]
                    choices, changed = decided(choices, group, best, row), True
        return choices if changed else None

    def _due(self, run: RunView, group: Group) -> int:
        """Decisions of this group that are due and not made."""
        made = sum(not _undecided(run.choices, path) for path in group.rows)
        whole = sum(pick for pick in _picks(run.choices, group).values())
        apart = (self.last - self.first) / max(whole - 1, 1)
        done = run.progress.fraction("epoch") + 1e-9
        return sum(done >= self.first + k * apart for k in range(whole)) - made

    def _scores(self, run: RunView, group: Group, gates: NDArray[np.float64]) -> dict[Path, float]:
        """Of the undecided rows; what stability needs later is kept in ``run.extra``."""
        rows = {path: i for i, path in enumerate(group.rows) if _undecided(run.choices, path)}
        may = [gates[i][group.pickable[i]] for i in rows.values()]
        past = []
        for path, strengths in zip(rows, may, strict=True):
            name = "greedy edge/" + "/".join(path)
            now = torch.from_numpy(strengths / strengths.sum())[None]
            before = run.extra.get(name, now[:0])
            past.append(before.numpy())
            run.extra[name] = torch.cat([before, now])[-self.history :]
        found = score(may, past if self.criterion == 2 else None) if rows else np.zeros(0)
        return dict(zip(rows, found.tolist(), strict=True))

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the mask 'greedy edge' compares the strengths of a relaxation, but the stage has none"
        for path in (path for group in choices.groups() for path in group.rows if len(path) > 1):
            around = choices.choice(path[:-2])
            held = [{choice.name for choice in around.inside(option).choices} for option in around.options]
            if around.gated or any(path[-1] not in names for names in held):
                yield (
                    "the mask 'greedy edge' decides edges that all hold the same choices, but choice "
                    f"'{'/'.join(path[:-2])}' has options that do not"
                )
                return


def _undecided(choices: Space, path: Path) -> bool:
    choice = choices.choice(path)
    return len(choice.options) + len(choice.relaxed_only) > choice.most


def _picks(choices: Space, group: Group) -> dict[Path, int]:
    """For each choice that the group's rows lie in, how many of them an architecture has."""
    return {path[:-2] or path: choices.choice(path[:-2]).most if len(path) > 1 else 1 for path in group.rows}


def open_rows(choices: Space, group: Group) -> list[Path]:
    """Undecided rows of a group that are still there."""
    there = {path for each in choices.groups() for path in each.rows}
    return [path for path in group.rows if path in there and _undecided(choices, path)]


def decided(choices: Space, group: Group, best: Path, strengths: Vector) -> Space:
    """The space with one row decided, and without what can no longer be picked beside it."""
    choice, columns = choices.choice(best), {o: i for i, o in enumerate(group.options)}
    kept = sorted(choice.options, key=lambda o: -float(strengths[columns[o]]))[: choice.most]
    choices = choices.restrict(lambda path, option: path != best or option in kept)
    if len(best) == 1:
        return choices
    node, leaf = best[:-2], best[-1]
    around = choices.choice(node)
    done = [option for option in around.options if not _undecided(choices, (*node, option, leaf))]
    if len(done) < around.most:
        return choices
    return choices.restrict(lambda path, option: path != node or option in done)
