"""synflow: the product of all weights along all paths, without data."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gapless.evaluate.zerocost.replica import gradients, replica, total, weights
from gapless.nets import fast

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def synflow(net: nn.Module, images: Tensor, labels: Tensor, seed: int = 0) -> float:
    """``sum |w dR/dw|`` over weighted layers, R the sum of logits of an image of ones with weights ``|w|``.

    BatchNorm layers pass on what they get; float64, since values grow with depth to many orders of magnitude.
    Only the shape of ``images`` matters. Reference: Tanaka et al. 2020 (SynFlow), eq. 3; Abdelfattah et al.
    2021, eq. 1, and SamsungLabs/zero-cost-nas, measures/synflow.py, where BatchNorm is taken out too.
    """
    twin = replica(net, training=False).double()
    for module in list(twin.modules()):
        for name, inner in list(module.named_children()):
            if isinstance(inner, NORMS):
                setattr(module, name, nn.Identity())
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.abs_()
    with torch.enable_grad(), fast.plain():
        flow = twin(torch.ones_like(images[:1], dtype=torch.float64)).sum()
    found = weights(twin)
    return total([(w * g).abs() for w, g in zip(found, gradients(flow, found), strict=True)])
