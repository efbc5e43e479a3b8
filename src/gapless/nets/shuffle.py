"""The units of ShuffleNetV2 that Single Path One-Shot searches over.

Sources: Ma et al. 2018, figure 3 (c) and (d), with the two halves of the channels split and shuffled in one:
even channels pass, odd ones are worked on; Guo et al. 2019, appendix; megvii-model/SinglePathOneShot
(src/Supernet/blocks.py).
"""

from __future__ import annotations

import torch
from torch import nn

from gapless.core.errors import BadValue
from gapless.nets.operations import Build, Residual, dropped, norm


class ShuffleUnit(Residual):
    """Even channels pass by, then comes what the body makes of the odd ones: `n x c x h x w` to the same.

    Drop path takes the body's half, as in any `Residual`.
    """

    def forward(self, x: torch.Tensor, drop_path: float = 0.0) -> torch.Tensor:
        y: torch.Tensor = self.body(x[:, 1::2])
        return torch.cat((x[:, ::2], dropped(y, drop_path) if drop_path else y), 1)


class WideningUnit(nn.Module):
    """Two branches of the whole input, concatenated: `n x c x h x w` to more channels, perhaps halved."""

    def __init__(self, branch: nn.Module, body: nn.Module) -> None:
        super().__init__()
        self.branch, self.body = branch, body

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat((self.branch(x), self.body(x)), 1)


def _depthwise(c: int, kernel: int, stride: int, affine: bool) -> list[nn.Module]:
    return [nn.Conv2d(c, c, kernel, stride, kernel // 2, groups=c, bias=False), norm(c, affine)]


def _pointwise(c_in: int, c_out: int, affine: bool) -> list[nn.Module]:
    return [nn.Conv2d(c_in, c_out, 1, bias=False), norm(c_out, affine), nn.ReLU()]


def _unit(c_in: int, c_out: int, stride: int, body: nn.Module, kernel: int, affine: bool) -> nn.Module:
    if stride == 1 and c_in == c_out:
        return ShuffleUnit(body)
    branch = [*_depthwise(c_in, kernel, stride, affine), *_pointwise(c_in, c_in, affine)]
    return WideningUnit(nn.Sequential(*branch), body)


def _widths(c_in: int, c_out: int, stride: int) -> tuple[int, int, int]:
    """Channels into the body, inside it, and out of it."""
    same = stride == 1 and c_in == c_out
    if c_out % 2 or (not same and c_out <= c_in):
        raise BadValue(
            expected="even channels for a shuffle unit, more of them where it changes the shape",
            got=f"{c_in} to {c_out} channels, stride {stride}",
            do="widen every stage of the layout",
        )
    return (c_in // 2, c_out // 2, c_out // 2) if same else (c_in, c_out // 2, c_out - c_in)


def shuffle(kernel: int) -> Build:
    """Pointwise, depthwise, pointwise on a half of the channels.

    The builder raises `BadValue` for odd channels, and for a change of shape that does not widen.
    """

    def build(c_in: int, c_out: int, stride: int, affine: bool) -> nn.Module:
        into, inner, out = _widths(c_in, c_out, stride)
        layers = [*_pointwise(into, inner, affine), *_depthwise(inner, kernel, stride, affine)]
        body = nn.Sequential(*layers, *_pointwise(inner, out, affine))
        return _unit(c_in, c_out, stride, body, kernel, affine)

    return build


def xception(c_in: int, c_out: int, stride: int, affine: bool) -> nn.Module:
    """Three times depthwise 3x3 and pointwise on a half of the channels; the stride is on the first.

    Raises:
        BadValue: odd channels, or a change of shape that does not widen.
    """
    into, inner, out = _widths(c_in, c_out, stride)
    layers = [*_depthwise(into, 3, stride, affine), *_pointwise(into, inner, affine)]
    layers += [*_depthwise(inner, 3, 1, affine), *_pointwise(inner, inner, affine)]
    layers += [*_depthwise(inner, 3, 1, affine), *_pointwise(inner, out, affine)]
    return _unit(c_in, c_out, stride, nn.Sequential(*layers), 3, affine)
