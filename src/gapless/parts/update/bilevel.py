"""Bilevel: alpha descends the validation loss, then omega the training loss."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch.func import functional_call

from gapless.core import Space
from gapless.nets.constant import constant
from gapless.nets.fast import plain
from gapless.nets.gate import Gate, Mix
from gapless.nets.statistics import still
from gapless.parts.contract import Alpha, Batch, RunView, Scalars
from gapless.parts.update.descend import descend, scores

Gradients = list[torch.Tensor]
Partial = list[torch.Tensor | None]


@dataclass(frozen=True)
class Bilevel:
    """``g = grad_alpha L_val(w', alpha) - xi * d2_alpha_w L_tr(w, alpha) . grad_w' L_val(w', alpha)``.

    First order: w' = w and no second term. Second order: ``w' = w - xi * (m * v + grad_w L_tr + d * w)``,
    one virtual step of the weight optimizer with its momentum m, velocity v, weight decay d and current
    learning rate xi. Reference: Liu, Simonyan & Yang 2019, eq. 6-8; quark0/darts, cnn/architect.py.

    Args:
        order: 1 or 2.
        product: how the second term is computed. ``difference``: central differences along
            ``v = grad_w' L_val`` with half-width ``radius / |v|`` (eq. 8). ``exact``: automatic
            differentiation, twice through the training loss.
        radius: see ``product``.
    """

    order: Literal[1, 2] = 1
    product: Literal["difference", "exact"] = "difference"
    radius: float = 0.01

    def init(self, run: RunView) -> dict[str, torch.Tensor]:
        return {}

    def step(self, run: RunView, train: Batch, val: Batch) -> Scalars:
        scalars: Scalars = {}
        if run.alpha_moves:
            with still(run.net):
                gradient, scalars = self.gradient(run, train, val)
            run.alphas.assign(gradient)
            run.alphas.step(run.progress)
            run.alphas.clear()
        return scalars | descend(run, [_detached(run.mix())], train)

    def gradient(self, run: RunView, train: Batch, val: Batch) -> tuple[Partial, Scalars]:
        """g, in the order of the run's alpha, and the scalars of the validation batch.

        None for a group that the network has no operation of, such as ``normal`` in a single reduction cell.
        """
        alpha = list(run.alpha.values())
        x, y = val
        if self.order == 1:
            mix = run.mix()
            with constant(run.net):
                logits = run.net(x, mix)
            loss = run.loss(logits, y)
            direct = torch.autograd.grad(loss + run.penalty(mix), alpha, allow_unused=True)
            return list(direct), scores("val", loss, logits, y)
        ahead = self._virtual(run, train)
        mix = run.mix()
        logits = functional_call(run.net, ahead, (x, mix))
        loss = run.loss(logits, y)
        wanted = [*ahead.values(), *alpha]
        found = torch.autograd.grad(loss + run.penalty(mix), wanted, allow_unused=True)
        direction = _filled(found[: len(ahead)], list(ahead.values()))
        direct = found[len(ahead) :]
        xi = run.weights.lr(run.progress)
        mixed = self._product(run, train, direction)
        pairs = zip(direct, mixed, strict=True)
        return [None if g is None else g - xi * h for g, h in pairs], scores("val", loss, logits, y)

    def _virtual(self, run: RunView, train: Batch) -> dict[str, torch.Tensor]:
        named, optim = run.weights.named, run.weights.optim
        slope = torch.autograd.grad(
            _loss(run, train, dict(named), run.mix(_constant(run.alpha))),
            list(named.values()),
            allow_unused=True,
        )
        xi = run.weights.lr(run.progress)
        momentum = optim.betas[0] if optim.kind == "sgd" else 0.0
        ahead = {}
        with torch.no_grad():
            for (name, w), g, v in zip(
                named.items(), _filled(slope, list(named.values())), run.weights.velocity(), strict=True
            ):
                ahead[name] = w - xi * (momentum * v + g + optim.weight_decay * w)
        return {name: w.requires_grad_() for name, w in ahead.items()}

    def _product(self, run: RunView, train: Batch, direction: Gradients) -> Gradients:
        """``d2_alpha_w L_tr . direction`` at the run's own weights."""
        named, alpha = run.weights.named, list(run.alpha.values())
        if self.product == "exact":
            with plain():
                loss = _loss(run, train, dict(named), run.mix())
            slope = torch.autograd.grad(loss, list(named.values()), create_graph=True, allow_unused=True)
            along = sum((g * v).sum() for g, v in zip(slope, direction, strict=True) if g is not None)
            return _filled(torch.autograd.grad(along, alpha, allow_unused=True), alpha)  # type: ignore[arg-type]
        norm = torch.sqrt(sum((v * v).sum() for v in direction))  # type: ignore[arg-type]
        radius = self.radius / norm.clamp_min(torch.finfo(norm.dtype).tiny)
        sides = []
        for sign in (1, -1):
            moved = {
                n: (w + sign * radius * v).detach()
                for (n, w), v in zip(named.items(), direction, strict=True)
            }
            side = torch.autograd.grad(_loss(run, train, moved, run.mix()), alpha, allow_unused=True)
            sides.append(_filled(side, alpha))
        return [(up - down) / (2 * radius) for up, down in zip(*sides, strict=True)]

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the update rule 'bilevel' needs a relaxation, but the stage has none"
        if self.order == 2 and recipe.weights.kind != "sgd":
            yield (
                "the update rule 'bilevel' of order 2 looks one step of 'sgd' ahead, "
                f"but the weights' optimizer is '{recipe.weights.kind}'"
            )


def _loss(run: RunView, batch: Batch, weights: dict[str, torch.Tensor], mix: Mix) -> torch.Tensor:
    x, y = batch
    return run.loss(functional_call(run.net, weights, (x, mix)), y)


def _constant(alpha: Alpha) -> Alpha:
    return {name: value.detach() for name, value in alpha.items()}


def _detached(mix: Mix) -> Mix:
    return {n: Gate(None if g.weight is None else g.weight.detach(), g.active) for n, g in mix.items()}


def _filled(found: tuple[torch.Tensor | None, ...], like: list[torch.Tensor]) -> Gradients:
    return [torch.zeros_like(w) if g is None else g for g, w in zip(found, like, strict=True)]
