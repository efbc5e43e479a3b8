"""The one gradient of alpha that bilevel rules differ by the numbers of; then omega descends."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal

import torch

from gapless.core import Schedule, Space, at
from gapless.nets.constant import constant
from gapless.nets.statistics import still
from gapless.parts.contract import Batch, Extra, RunView, Scalars
from gapless.parts.update.ahead import ahead
from gapless.parts.update.descend import descend, mixes, scores
from gapless.parts.update.matrix import Identity, Matrix
from gapless.parts.update.product import Difference, Partial, Product, filled


@dataclass(frozen=True)
class Formula:
    """``g = grad_alpha L(w^, alpha) - c * d2_alpha_w L_tr(w, alpha) . M . grad_w^ L(w^, alpha)``.

    L = a * L_tr + b * L_val, and w^ is w, or one step of its optimizer ahead (see `ahead`). With c = 1,
    M = H^-1 and w at a minimum of L_tr, g is the derivative of L(w*(alpha), alpha): the implicit gradient.

    ========================  =====  ======  ====  ==========  =====
    rule                      a      b       c     M           w^
    ========================  =====  ======  ====  ==========  =====
    DARTS, first order        0      1       0                 w
    DARTS, second order       0      1       xi    I           ahead
    Amended-DARTS             0      1       eta   H           w
    MiLeNAS, first order      1      lambda  0                 w
    MiLeNAS, second order     1      lambda  xi    I           ahead
    implicit                  0      1       1     about H^-1  w
    ========================  =====  ======  ====  ==========  =====

    Args:
        train: a.
        val: b.
        c: ``lr`` stands for xi, the current learning rate of the weights.
        matrix: M: `Identity`, `Hessian`, or one of `gapless.parts.update.inverse`.
        point: where w^ is.
        product: how second derivatives are multiplied with a vector.
    """

    train: float = 0.0
    val: float = 1.0
    c: Literal["lr"] | Schedule[float] = 0.0
    matrix: Matrix = field(default_factory=Identity)
    point: Literal["w", "ahead"] = "w"
    product: Product = field(default_factory=Difference)

    def init(self, run: RunView) -> Extra:
        return {}

    def step(self, run: RunView, train: Batch, val: Batch) -> Scalars:
        scalars: Scalars = {}
        if run.alpha_moves:
            with still(run.net):
                gradient, scalars = self.gradient(run, train, val)
            run.alphas.assign(gradient)
            run.alphas.step(run.progress)
            run.alphas.clear()
        return scalars | descend(run, mixes(run), train)

    def gradient(self, run: RunView, train: Batch, val: Batch) -> tuple[Partial, Scalars]:
        """g, in the order of the run's alpha, and the scalars of the validation batch.

        None for a group that the network has no operation of, such as ``normal`` in a single reduction cell,
        or of which none was computed.
        """
        there = ahead(run, train) if self.point == "ahead" else None
        weights = list((run.weights.named if there is None else there).values()) if self.c != 0 else []
        mix = run.mix()
        scalars: Scalars = {}
        outer: torch.Tensor | float = 0.0
        with nullcontext() if weights else constant(run.net):
            for share, name, (x, y) in ((self.train, "", train), (self.val, "val", val)):
                if share:
                    logits = run.forward(x, mix, there)
                    loss = run.loss(logits, y)
                    outer = outer + share * loss
                    scalars |= scores(name, loss, logits, y) if name else {}
        wanted, total = [*weights, *run.alpha.values()], torch.as_tensor(outer + run.penalty(mix))
        if not total.requires_grad:
            return [None] * len(run.alpha), scalars
        found = torch.autograd.grad(total, wanted, allow_unused=True)
        direct = found[len(weights) :]
        if not weights:
            return list(direct), scalars
        slope = filled(found[: len(weights)], weights)
        along = self.matrix(lambda v: self.product.hessian(run, train, v), slope)
        response = self.product.mixed(run, train, along)
        c = run.weights.lr(run.progress) if self.c == "lr" else float(at(self.c, run.progress))
        return [_less(g, c, h) for g, h in zip(direct, response, strict=True)], scalars

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the update rule 'formula' needs a relaxation, but the stage has none"
        if not self.train and not self.val:
            yield "the update rule 'formula' needs a share of a loss, but train and val are both 0"
        if self.point == "ahead" and recipe.weights.kind != "sgd":
            yield (
                "the update rule 'formula' at point 'ahead' looks one step of 'sgd' ahead, "
                f"but the weights' optimizer is '{recipe.weights.kind}'"
            )


def _less(direct: torch.Tensor | None, c: float, response: torch.Tensor | None) -> torch.Tensor | None:
    if response is None:
        return direct
    return -c * response if direct is None else direct - c * response
