"""grad-norm: how long the gradient is."""

from __future__ import annotations

from torch import Tensor, nn

from gapless.evaluate.zerocost.replica import gradients, loss, replica, total, weights


def grad_norm(net: nn.Module, images: Tensor, labels: Tensor, seed: int = 0) -> float:
    """``sum_l |dL/dw_l|_2`` over weighted layers, in training mode.

    Reference: Abdelfattah et al. 2021, section 3.2.1; SamsungLabs/zero-cost-nas, measures/grad_norm.py, which
    adds norms layer by layer.
    """
    twin = replica(net)
    return total([g.norm() for g in gradients(loss(twin, images, labels), weights(twin))])
