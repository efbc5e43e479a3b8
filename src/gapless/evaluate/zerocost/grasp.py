"""grasp: what removing a connection does to the gradient flow."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gapless.evaluate.zerocost.replica import gradients, loss, replica, total, weights


def grasp(net: nn.Module, images: Tensor, labels: Tensor, seed: int = 0) -> float:
    """``-sum w (H g)`` over weighted layers, in training mode; g and H are gradient and Hessian of the loss.

    Reference: Wang et al. 2020 (GraSP), eq. 8; Abdelfattah et al. 2021, eq. 1. Deviation from GraSP, as in
    SamsungLabs/zero-cost-nas: temperature 1 and one batch for both gradients.
    """
    twin = replica(net)
    found = weights(twin)
    with torch.enable_grad():
        slopes = gradients(loss(twin, images, labels), found, create_graph=True)
        along = sum(((g.detach() * g).sum() for g in slopes), images.new_zeros(()))
    return -total([w * hg for w, hg in zip(found, gradients(along, found), strict=True)])
