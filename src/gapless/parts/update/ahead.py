"""Ahead: where the weights would be after one more step of their optimizer."""

from __future__ import annotations

import torch

from gapless.parts.contract import Batch, RunView
from gapless.parts.update.product import filled, training_loss


def ahead(run: RunView, train: Batch) -> dict[str, torch.Tensor]:
    """``w' = w - xi * (m * v + grad_w L_tr(w, alpha) + d * w)``, as constants that gradients can be asked of.

    m, v and d are the momentum, velocity and weight decay of the weights' optimizer, xi its current
    learning rate. Reference: Liu, Simonyan & Yang 2019, eq. 7; quark0/darts, cnn/architect.py.
    """
    named, optim = run.weights.named, run.weights.optim
    held = run.mix({name: value.detach() for name, value in run.alpha.items()})
    loss = training_loss(run, train, dict(named), held)
    weights = list(named.values())
    slope = filled(torch.autograd.grad(loss, weights, allow_unused=True), weights)
    xi = run.weights.lr(run.progress)
    momentum = optim.betas[0] if optim.kind == "sgd" else 0.0
    there = {}
    with torch.no_grad():
        for (name, w), g, v in zip(named.items(), slope, run.weights.velocity(), strict=True):
            there[name] = w - xi * (momentum * v + g + run.weights.weight_decay * w)
    return {name: w.requires_grad_() for name, w in there.items()}
