"""What one image costs: parameters and multiply-accumulate operations (MACs)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn

from gapless.data.shape import ImageShape
from gapless.nets.gate import Mix


@dataclass(frozen=True)
class Cost:
    """What a network costs.

    Args:
        parameters: numbers that are trained.
        macs: multiply-accumulate operations of convolutions and linear layers for one image. Biases,
            BatchNorm, pooling and sums are not counted; twice this number is what
            ``torch.utils.flop_counter`` calls FLOPs.
    """

    parameters: int
    macs: int


def macs(layer: nn.Module, out: torch.Tensor) -> int:
    """MACs of the convolution or linear layer that made ``out``; 0 for any other layer."""
    if isinstance(layer, (nn.Conv1d, nn.Conv2d, nn.Conv3d)):
        return out.numel() * (layer.in_channels // layer.groups) * math.prod(layer.kernel_size)
    if isinstance(layer, nn.Linear):
        return out.numel() * layer.in_features
    return 0


@torch.no_grad()
def count(net: nn.Module, image: ImageShape, mix: Mix | None = None) -> Cost:
    """Costs of one forward of one image, in evaluation mode; the network is left as it was.

    Args:
        net: called as ``net(x)``, or ``net(x, mix)`` where a mix is given.
        image: the shape of the image.
        mix: only what it computes is counted, parameters too. None counts the whole network.
    """
    total = 0
    ran: set[nn.Module] = set()

    def note(module: nn.Module, _inputs: object, out: torch.Tensor) -> None:
        nonlocal total
        ran.add(module)
        total += macs(module, out)

    like = next(net.parameters(), torch.empty(0))
    x = torch.zeros(1, image.channels, image.height, image.width, dtype=like.dtype, device=like.device)
    modes = [(module, module.training) for module in net.modules()]
    hooks = [module.register_forward_hook(note) for module in net.modules()]
    net.eval()
    try:
        net(x) if mix is None else net(x, mix)
    finally:
        for hook in hooks:
            hook.remove()
        for module, training in modes:
            module.training = training
    holders = net.modules() if mix is None else ran
    counted = {p for module in holders for p in module.parameters(recurse=False)}
    return Cost(sum(p.numel() for p in counted), total)
