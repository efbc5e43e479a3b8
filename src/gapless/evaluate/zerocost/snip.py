"""snip: how much the loss feels each connection."""

from __future__ import annotations

from torch import Tensor, nn

from gapless.evaluate.zerocost.replica import gradients, loss, replica, total, weights


def snip(net: nn.Module, images: Tensor, labels: Tensor, seed: int = 0) -> float:
    """``sum |w dL/dw|`` over weighted layers, in training mode: the derivative by a mask of ones.

    Reference: Lee et al. 2019 (SNIP), eq. 5, without its normalisation; Abdelfattah et al. 2021, eq. 1.
    """
    twin = replica(net)
    found = weights(twin)
    slopes = gradients(loss(twin, images, labels), found)
    return total([(w * g).abs() for w, g in zip(found, slopes, strict=True)])
