"""Cyclic: a search network and a deeper evaluation network that learn from each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from gapless.core import Space
from gapless.nets.constant import constant
from gapless.nets.descent import Descent
from gapless.nets.gate import Mix, path
from gapless.nets.statistics import still
from gapless.parts.contract import Batch, Extra, RunView, Scalars
from gapless.parts.mask.strongest import Strongest
from gapless.parts.update.descend import descend, mixes, scores
from gapless.parts.update.distance import Distance

NET, WEIGHTS, BEGUN, HELD = "cyclic/net", "cyclic/weights", "cyclic/begun", "cyclic/held/"


@dataclass(frozen=True)
class Cyclic:
    """omega descends the training loss throughout. While alpha is held nothing else moves; then, in cycles,

        a = the strongest architecture, v the evaluation network's weights
        warm:   v <- v - lr * grad_v L_val(v, a)
        joint:  (v, alpha) descend ``(L_val(w, alpha) + L_val(v, a)) / k + k * T^2 * D(z_w, z_v)``

    and the penalty. z_w and z_v are the logits `n x classes` of the two networks on the validation batch; D
    is a `Distance`. The evaluation network is a super-network of its own, executed at the one-hot of a; what
    it learnt of an operation is there when the operation comes back. The optimizers of v, w and alpha forget
    their momenta when a cycle begins. Reference: Yu & Peng 2020 (CDARTS); researchmm/CDARTS,
    lib/core/search_function.py, CyDAS/search.py.

    Args:
        depth: cells of the evaluation network, in multiples of the search network's.
        warm: epochs of a cycle in which the evaluation network learns alone.
        joint: epochs of a cycle in which both learn together.
        distance: D with T^2.
        balance: k.
    """

    depth: float = 2.5
    warm: int = 1
    joint: int = 1
    distance: Distance = field(default_factory=Distance)
    balance: float = 1.0

    def init(self, run: RunView) -> Extra:
        """The evaluation network, its optimizer, the epoch in which the cycle began, and what it computes."""
        net = run.network(self.depth)
        weights = Descent(dict(net.named_parameters()), run.weights.optim)
        return {NET: net, WEIGHTS: weights, BEGUN: torch.tensor(-1), **_read(run)}

    def step(self, run: RunView, train: Batch, val: Batch) -> Scalars:
        scalars: Scalars = {}
        if run.alpha_moves:
            begun, epoch = run.extra[BEGUN], run.progress.epoch
            if begun < 0 or epoch - begun >= self.warm + self.joint:
                run.extra.update(_read(run))
                for descent in (run.extra[WEIGHTS], run.weights, run.alphas):
                    descent.forget()
                begun.fill_(epoch)
            warming = epoch - int(begun) < self.warm
            scalars = self._alone(run, val) if warming else self._together(run, val)
        return scalars | descend(run, mixes(run), train)

    def _alone(self, run: RunView, val: Batch) -> Scalars:
        x, y = val
        logits = run.extra[NET](x, _held(run))
        loss = run.loss(logits, y)
        _descend(run, loss)
        return scores("evaluation", loss, logits, y)

    def _together(self, run: RunView, val: Batch) -> Scalars:
        (x, y), mix = val, run.mix()
        with still(run.net), constant(run.net):
            ours = run.forward(x, mix)
        theirs = run.extra[NET](x, _held(run))
        a, b, apart = run.loss(ours, y), run.loss(theirs, y), self.distance(ours, theirs)
        loss = (a + b) / self.balance + self.balance * apart + run.penalty(mix)
        alphas = list(run.alpha.values())
        run.alphas.assign(torch.autograd.grad(loss, alphas, retain_graph=True, allow_unused=True))
        _descend(run, loss)
        run.alphas.step(run.progress)
        run.alphas.clear()
        told = scores("val", a, ours, y) | scores("evaluation", b, theirs, y)
        return {**told, "distillation_loss": apart.detach().double()}

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the update rule 'cyclic' needs a relaxation, but the stage has none"
        if stage.mask is not None:
            yield "the update rule 'cyclic' holds a second network of the whole space and works with no mask"
        if self.joint < 1 or self.warm < 0:
            yield f"the update rule 'cyclic' needs a joint epoch a cycle, but has {self.warm} + {self.joint}"


def _read(run: RunView) -> Extra:
    """Which operations the strongest architecture has, `rows x options` for each group."""
    arch = Strongest()(run.choices, run.gates())
    return {HELD + name: torch.from_numpy(table) for name, table in run.choices.active(arch).items()}


def _held(run: RunView) -> Mix:
    """The mix that the evaluation network computes in this cycle."""
    tables = {name: value for name, value in run.extra.items() if name.startswith(HELD)}
    return path({name[len(HELD) :]: table.cpu().numpy() for name, table in tables.items()})


def _descend(run: RunView, loss: Tensor) -> None:
    weights: Descent = run.extra[WEIGHTS]
    weights.assign(torch.autograd.grad(loss, weights.tensors, allow_unused=True))
    weights.step(run.progress)
    weights.clear()
