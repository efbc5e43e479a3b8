"""Operations: every named operation of every space, as a function that builds a module.

A builder takes ``(channels_in, channels_out, stride, affine)`` and returns a module that maps
`n x channels_in x h x w` to `n x channels_out x ceil(h / stride) x ceil(w / stride)`.

Sources: the seven operations of the cell space follow quark0/darts (cnn/operations.py), the ReLU-conv-BN
operations NAS-Bench-201 (Dong & Yang 2020, section 2.1), the inverted residual MobileNetV2 (Sandler et
al. 2018, table 1) with ReLU6.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

Build = Callable[[int, int, int, bool], nn.Module]


def norm(channels: int, affine: bool) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, affine=affine)


def relu_conv_norm(kernel: int) -> Build:
    """ReLU, convolution, BatchNorm."""

    def build(c_in: int, c_out: int, stride: int, affine: bool) -> nn.Module:
        conv = nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, bias=False)
        return nn.Sequential(nn.ReLU(), conv, norm(c_out, affine))

    return build


def _depthwise(
    c_in: int, c_out: int, kernel: int, stride: int, dilation: int, affine: bool
) -> list[nn.Module]:
    padding = dilation * (kernel - 1) // 2
    return [
        nn.ReLU(),
        nn.Conv2d(c_in, c_in, kernel, stride, padding, dilation, groups=c_in, bias=False),
        nn.Conv2d(c_in, c_out, 1, bias=False),
        norm(c_out, affine),
    ]


class Separable(nn.Sequential):
    """Twice: ReLU, depthwise, pointwise, BatchNorm; the stride is on the first."""


class Dilated(nn.Sequential):
    """ReLU, depthwise of dilation 2, pointwise, BatchNorm."""


class NormalizedPool(nn.Sequential):
    """3x3 pooling and a BatchNorm without scale."""


def separable(kernel: int) -> Build:
    """`Separable`."""

    def build(c_in: int, c_out: int, stride: int, affine: bool) -> nn.Module:
        first = _depthwise(c_in, c_in, kernel, stride, 1, affine)
        return Separable(*first, *_depthwise(c_in, c_out, kernel, 1, 1, affine))

    return build


def dilated(kernel: int) -> Build:
    """`Dilated`."""

    def build(c_in: int, c_out: int, stride: int, affine: bool) -> nn.Module:
        return Dilated(*_depthwise(c_in, c_out, kernel, stride, 2, affine))

    return build


def pool(kind: str, normalized: bool) -> Build:
    """3x3 pooling, which needs equal channels; with ``normalized`` a BatchNorm without scale follows."""

    def build(_c_in: int, c_out: int, stride: int, _affine: bool) -> nn.Module:
        layer: nn.Module = (
            nn.MaxPool2d(3, stride, 1)
            if kind == "max"
            else nn.AvgPool2d(3, stride, 1, count_include_pad=False)
        )
        return NormalizedPool(layer, norm(c_out, False)) if normalized else layer

    return build


class FactorizedReduce(nn.Module):
    """Halves the resolution: two pointwise convolutions of stride 2, one a pixel off, concatenated."""

    def __init__(self, c_in: int, c_out: int, affine: bool) -> None:
        super().__init__()
        self.conv_1 = nn.Conv2d(c_in, c_out // 2, 1, 2, bias=False)
        self.conv_2 = nn.Conv2d(c_in, c_out - c_out // 2, 1, 2, bias=False)
        self.bn = norm(c_out, affine)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.relu(x)
        odd_h, odd_w = x.shape[2] % 2, x.shape[3] % 2
        shifted = functional.pad(x, (0, odd_w, 0, odd_h)) if odd_h or odd_w else x
        return self.bn(torch.cat([self.conv_1(x), self.conv_2(shifted[:, :, 1:, 1:])], dim=1))  # type: ignore[no-any-return]


def skip(c_in: int, c_out: int, stride: int, affine: bool) -> nn.Module:
    """The input itself; `FactorizedReduce` where it halves, ReLU-conv-BN where channels change."""
    if stride == 2:
        return FactorizedReduce(c_in, c_out, affine)
    return nn.Identity() if c_in == c_out else relu_conv_norm(1)(c_in, c_out, 1, affine)


def dropped(x: torch.Tensor, probability: float) -> torch.Tensor:
    """Drop path: whole images of `n x c x h x w` become zero, the others are scaled up."""
    keep = 1.0 - probability
    mask = torch.empty((x.shape[0], 1, 1, 1), device=x.device, dtype=x.dtype).bernoulli_(keep)
    return x * mask / keep


class Residual(nn.Module):
    """``x + body(x)``; drop path takes the body and leaves the input."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: torch.Tensor, drop_path: float = 0.0) -> torch.Tensor:
        y: torch.Tensor = self.body(x)
        return x + (dropped(y, drop_path) if drop_path else y)


def inverted_residual(kernel: int, expansion: int, activation: type[nn.Module] = nn.ReLU6) -> Build:
    """Expand, depthwise, project; the input is added where shapes agree."""

    def build(c_in: int, c_out: int, stride: int, affine: bool) -> nn.Module:
        inner = c_in * expansion
        layers: list[nn.Module] = []
        if expansion != 1:
            layers += [nn.Conv2d(c_in, inner, 1, bias=False), norm(inner, affine), activation()]
        depthwise = nn.Conv2d(inner, inner, kernel, stride, kernel // 2, groups=inner, bias=False)
        layers += [depthwise, norm(inner, affine), activation()]
        layers += [nn.Conv2d(inner, c_out, 1, bias=False), norm(c_out, affine)]
        body = nn.Sequential(*layers)
        return Residual(body) if stride == 1 and c_in == c_out else body

    return build


def identity_or_projection(c_in: int, c_out: int, stride: int, affine: bool) -> nn.Module:
    """The input itself; a strided pointwise convolution and BatchNorm where shapes change."""
    if stride == 1 and c_in == c_out:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), norm(c_out, affine))
