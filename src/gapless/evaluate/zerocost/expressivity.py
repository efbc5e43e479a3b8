"""expressivity: along how many directions the features of each block spread."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from gapless.evaluate.zerocost.replica import replica


def expressivity(net: nn.Module, images: Tensor, labels: Tensor, seed: int = 0) -> float:
    """``-sum_l sum_i p_li log p_li``, ``p_l`` the eigenvalues, divided by their sum, of the covariance of the
    channels of what block l gives, over images and positions.

    Training mode. Blocks are the members of the network's lists of modules, as cells or layers; of a network
    without a list its convolutions. -inf where a block gives the same everywhere.
    Reference: Lee & Ham 2024 (AZ-NAS), expressivity; cvlab-yonsei/AZ-NAS, compute_az_nas_score.py.
    Deviations: weights stay as they are instead of Kaiming's (fan in); logarithms without 1e-8; float64.
    """
    twin, found = replica(net), list[float]()

    def note(_module: nn.Module, _given: Any, out: Tensor) -> None:
        if out.dim() == 4:
            found.append(entropy(out))

    for block in blocks(twin):
        block.register_forward_hook(note)
    with torch.no_grad():
        twin(images.clone())
    return math.fsum(found)


def blocks(net: nn.Module) -> list[nn.Module]:
    """What the network is a list of."""
    lists = [child for child in net.children() if isinstance(child, nn.ModuleList | nn.ModuleDict)]
    members = [member for each in lists for member in each.children()]
    return members or [module for module in net.modules() if isinstance(module, nn.Conv2d)]


def entropy(features: Tensor) -> float:
    """Of the normalised spectrum of `n x c x h x w`, in nats, from 0 to log c; -inf of what does not vary."""
    rows = features.detach().double().transpose(0, 1).flatten(1)
    rows = rows - rows.mean(1, keepdim=True)
    if not rows.isfinite().all():
        return -math.inf
    spectrum = torch.linalg.eigvalsh(rows @ rows.T / rows.shape[1]).clamp(min=0)
    whole = spectrum.sum()
    if not whole > 0:
        return -math.inf
    return float(torch.special.entr(spectrum / whole).sum())
