"""What one image costs: parameters and multiply-accumulate operations (MACs)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from gapless.core import Space
from gapless.core.errors import BadValue
from gapless.data.shape import ImageShape
from gapless.nets.gate import Mix
from gapless.nets.mixed import Mixed

KINDS = ("macs", "params")


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


def count(net: nn.Module, image: ImageShape, mix: Mix | None = None) -> Cost:
    """Costs of one forward of one image, in evaluation mode; the network is left as it was.

    Args:
        net: called as ``net(x)``, or ``net(x, mix)`` where a mix is given.
        image: the shape of the image.
        mix: only what it computes is counted, parameters too. None counts the whole network.
    """
    ran = _ran(net, image, mix)
    holders = net.modules() if mix is None else ran
    counted = {p for module in holders for p in module.parameters(recurse=False)}
    return Cost(sum(p.numel() for p in counted), sum(ran.values()))


def by_option(net: nn.Module, image: ImageShape, choices: Space) -> dict[str, dict[str, NDArray[np.float64]]]:
    """``macs`` and ``params``: for each group what its operations cost, `rows x options`.

    Operations that stand in several cells count in each of them. What every architecture has, such as
    the stem, is in no table, nor are options without a module, which are free.

    Args:
        net: a super-network of ``choices``, whose `Mixed` operations know their groups; or one that has
            ``prices(image, choices)``, which says it by itself.

    Raises:
        BadValue: they do not.
    """
    if (prices := getattr(net, "prices", None)) is not None:
        return prices(image, choices)  # type: ignore[no-any-return]
    tables = {kind: {g.name: np.zeros(g.mask.shape) for g in choices.groups()} for kind in KINDS}
    ran = _ran(net, image, None)
    for mixed in (module for module in net.modules() if isinstance(module, Mixed)):
        if mixed.group not in tables["macs"]:
            raise BadValue(
                expected=f"mixed operations of the groups {', '.join(tables['macs'])}",
                got=f"one of group '{mixed.group}'",
                do="give Mixed the group of its choice, as the last argument",
            )
        for option, column in mixed.columns:
            module, where = mixed.get_submodule(option), (mixed.row, column)
            tables["macs"][mixed.group][where] += sum(ran.get(inner, 0) for inner in module.modules())
            tables["params"][mixed.group][where] += sum(p.numel() for p in module.parameters())
    return tables


@torch.no_grad()
def _ran(net: nn.Module, image: ImageShape, mix: Mix | None) -> dict[nn.Module, int]:
    """MACs of each module that one image goes through; the network is left as it was."""
    ran: dict[nn.Module, int] = {}

    def note(module: nn.Module, _inputs: object, out: torch.Tensor) -> None:
        ran[module] = ran.get(module, 0) + macs(module, out)

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
    return ran
