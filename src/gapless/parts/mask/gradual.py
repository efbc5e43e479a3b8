"""Gradual: operations die during the search, a few at a time, and the price of those left follows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from gapless.core import Arch, Path, Space
from gapless.core.groups import nodes
from gapless.core.record import Record
from gapless.nets.cost import KINDS
from gapless.parts.contract import Discretization, Extra, Gates, RunView
from gapless.parts.mask.strongest import Strongest
from gapless.parts.regularize.live_cost import PRICE, LiveCost
from gapless.parts.sample.price import price

DELTA, QUIET, POINTS = "gradual/delta", "gradual/quiet", "gradual/points"


@dataclass(frozen=True)
class Gradual:
    """After every epoch the operations go whose share pi of their node is small, and lambda is set anew.

    ``at_once`` times: every pi at or below ``floor`` goes, and of the others the smallest, if it is at or
    below ``ceiling``; then pi is taken anew. Where as many as ``at_once`` or more went, lambda is divided by
    ``factor`` and its step falls back to ``step``; else the step is multiplied by ``factor`` and added to
    lambda. A choice keeps as many options as an architecture needs. When operations go after more than
    ``quiet`` epochs in which none did, what is left is one of `points`; always where ``quiet`` is -1.
    Reference: Bi et al. 2020 (GOLD-NAS); sunsmarterjie/GOLD_NAS, cifar_search/train_search.py.

    Args:
        dearest: where lambda stops, so that it stays finite when nothing is left to go.
        rule: how an architecture is read off what is left.
    """

    floor: float = 0.01
    ceiling: float = 0.05
    at_once: int = 4
    step: float = 1e-5
    factor: float = 2.0
    quiet: int = 3
    dearest: float = 1e6
    rule: Discretization = field(default_factory=Strongest)

    def init(self, run: RunView) -> Extra:
        step, nothing = torch.tensor(self.step, dtype=torch.float64), torch.zeros(0, dtype=torch.uint8)
        return {DELTA: step, QUIET: torch.tensor(0), POINTS: nothing}

    def __call__(self, run: RunView, epoch_gates: Gates) -> Space | None:
        going = self.going(run.choices, epoch_gates)
        price, delta = run.extra[PRICE], run.extra[DELTA]
        if len(going) >= self.at_once:
            delta.fill_(self.step)
            price.div_(self.factor)
        else:
            price.add_(delta.mul_(self.factor).to(price.device)).clamp_(max=self.dearest)
        if not going:
            run.extra[QUIET] += 1
            return None
        left = run.choices.without(going)
        if int(run.extra[QUIET]) > self.quiet:
            found = _scored(run, self.rule(left, _narrowed(run.choices, left, epoch_gates)))
            text = json.dumps([each.to_json() for each in (*self.points(run), found)])
            run.extra[POINTS] = torch.tensor(list(text.encode()), dtype=torch.uint8)
        run.extra[QUIET].zero_()
        return left

    def points(self, run: RunView) -> tuple[Record, ...]:
        """The Pareto set so far: scores on the validation split with the gates then, costs of options."""
        text = bytes(run.extra[POINTS].tolist()).decode() or "[]"
        return tuple(map(Record.from_json, json.loads(text)))

    def going(self, choices: Space, strengths: Gates) -> set[tuple[Path, str]]:
        """The path and option of all that goes."""
        there = {group.name: group.pickable.copy() for group in choices.groups()}
        least = {path: choices.choice(path).least for group in choices.groups() for path in group.rows}
        found: set[tuple[Path, str]] = set()
        for _ in range(self.at_once):
            ranked = []
            for group in choices.groups():
                table = np.where(there[group.name], strengths[group.name], 0.0)
                entered = nodes(group)
                shares = table / np.bincount(entered, table.sum(1))[entered, None]
                spare = [there[group.name][row].sum() > least[path] for row, path in enumerate(group.rows)]
                places = np.argwhere(there[group.name] & np.array(spare)[:, None]).tolist()
                ranked += [(float(shares[row, column]), group, row, column) for row, column in places]
            ranked.sort(key=lambda entry: entry[0])
            below = [entry for entry in ranked if entry[0] <= self.floor]
            weakest = [entry for entry in ranked[len(below) :][:1] if entry[0] <= self.ceiling]
            for _, group, row, column in (*below, *weakest):
                if there[group.name][row].sum() > least[group.rows[row]]:
                    there[group.name][row, column] = False
                    found.add((group.rows[row], group.options[column]))
        return found

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the mask 'gradual' compares the strengths of a relaxation, but the stage has none"
        if not any(isinstance(part, LiveCost) for part in stage.regularize):
            yield "the mask 'gradual' sets the price of the regularizer 'live-cost', which the stage lacks"


def _scored(run: RunView, arch: Arch) -> Record:
    active = run.choices.active(arch)
    score = run.validation({name: replace(gate, active=active[name]) for name, gate in run.mix().items()})
    cost = {kind: price(active, run.costs(kind)) for kind in KINDS}
    return Record(arch, {"accuracy": score.accuracy, "loss": score.loss}, cost, provenance="super-network")


def _narrowed(choices: Space, left: Space, gates: Gates) -> Gates:
    """The rows and columns of what is left."""
    found, old = {}, {group.name: group for group in choices.groups()}
    for name, new in ((group.name, group) for group in left.groups()):
        rows, columns = map(old[name].rows.index, new.rows), map(old[name].options.index, new.options)
        found[name] = gates[name][np.ix_(list(rows), list(columns))]
    return found
