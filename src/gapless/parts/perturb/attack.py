"""Attack: the weights are trained for the worst gates near those that there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from gapless.core import Linear, Schedule, Space, at
from gapless.nets.constant import constant
from gapless.nets.gate import Gate, Mix
from gapless.parts.contract import Batch, RunView
from gapless.parts.perturb.simplex import moved, noise, off_simplex

Moves = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Attack:
    """``max L_tr(w, P(gate + d))`` over d with no entry above ``radius``, by projected gradient ascent.

    From a uniform draw, ``steps`` times: d grows by ``2 * radius / steps`` along the sign of the gradient,
    is clipped to the radius, and P (see `simplex`) puts the gates back onto the simplex. Gates on which the
    loss is smaller than before are not used. The network is in evaluation: it normalises by its running
    statistics. Reference: Chen & Hsieh 2020 (SDARTS-ADV), section 3.2; xiangning-chen/SmoothDARTS,
    attacker/perturb.py (7 steps), sota/cnn/train_search.py (0.03 growing to 0.3 by epochs).

    Args:
        radius: the largest change of a gate before P.
        steps: of the ascent.
    """

    radius: Schedule[float] = field(default_factory=lambda: Linear(0.03, 0.3, "epoch"))
    steps: int = 7

    def __call__(self, run: RunView, mix: Mix, batch: Batch) -> Mix:
        radius = float(at(self.radius, run.progress))
        start = {name: replace(gate, weight=_values(gate)) for name, gate in mix.items()}
        training = run.net.training
        run.net.eval()
        try:
            with constant(run.net):
                moves = self._worst(run, start, batch, radius)
        finally:
            run.net.train(training)
        return {name: gate if moves is None else moved(gate, moves[name]) for name, gate in mix.items()}

    def _worst(self, run: RunView, start: Mix, batch: Batch, radius: float) -> Moves | None:
        """How far to move each gate; None where no move was found that raises the loss."""
        with torch.no_grad():
            before = _loss(run, start, batch)
        moves = noise(run, "attack", start, radius)
        for _ in range(self.steps):
            here = {name: moved(gate, moves[name]) for name, gate in start.items()}
            tables = {name: _values(gate).requires_grad_() for name, gate in here.items()}
            loss = _loss(run, {n: replace(gate, weight=tables[n]) for n, gate in here.items()}, batch)
            slopes = torch.autograd.grad(loss, list(tables.values()), allow_unused=True)
            for (name, table), slope in zip(tables.items(), slopes, strict=True):
                if slope is not None:
                    further = table.detach() + 2 * radius / self.steps * slope.sign()
                    moves[name] = (further - _values(start[name])).clamp(-radius, radius)
        with torch.no_grad():
            after = _loss(run, {n: moved(gate, moves[n]) for n, gate in start.items()}, batch)
        return None if bool(before > after) else moves

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if self.steps < 1:
            yield f"'attack' needs at least 1 step, but has {self.steps}"
        yield from off_simplex("attack", stage, choices)


def _values(gate: Gate) -> torch.Tensor:
    assert gate.weight is not None
    return gate.weight.detach()


def _loss(run: RunView, mix: Mix, batch: Batch) -> torch.Tensor:
    x, y = batch
    return run.loss(run.forward(x, mix), y)
