"""Operations of the cells that are made of blocks, beside those of `operations`.

Dense convolutions larger than 1x1 are bottlenecks, as in the code of AmoebaNet (tensorflow/tpu,
models/official/amoeba_net/network_utils.py). Every builder is an `operations.Build` that may change the
number of channels.
"""

from __future__ import annotations

from torch import nn

from gapless.nets.operations import Build, norm, relu_conv_norm


def identity(c_in: int, c_out: int, stride: int, affine: bool) -> nn.Module:
    """The input itself; ReLU, a strided 1x1 convolution and BatchNorm where its shape has to change."""
    if stride == 1 and c_in == c_out:
        return nn.Identity()
    return relu_conv_norm(1)(c_in, c_out, stride, affine)


def pooled(kind: str, kernel: int, normalized: bool = False) -> Build:
    """``max`` or ``avg`` pooling, a 1x1 convolution and BatchNorm after it where channels change.

    With ``normalized`` a BatchNorm without scale follows where they do not.
    """

    def build(c_in: int, c_out: int, stride: int, affine: bool) -> nn.Module:
        pool: nn.Module = (
            nn.MaxPool2d(kernel, stride, kernel // 2)
            if kind == "max"
            else nn.AvgPool2d(kernel, stride, kernel // 2, count_include_pad=False)
        )
        if c_in != c_out:
            return nn.Sequential(pool, nn.Conv2d(c_in, c_out, 1, bias=False), norm(c_out, affine))
        return nn.Sequential(pool, norm(c_out, False)) if normalized else pool

    return build


def bottleneck(kernel: int, dilation: int = 1) -> Build:
    """A dense convolution on a quarter of the channels, between two 1x1 convolutions."""

    def build(c_in: int, c_out: int, stride: int, affine: bool) -> nn.Module:
        inner = max(1, c_out // 4)
        padding = dilation * (kernel - 1) // 2
        conv = nn.Conv2d(inner, inner, kernel, stride, padding, dilation, bias=False)
        return _between(c_in, inner, c_out, [conv], affine)

    return build


def rectangular(kernel: int, share: float = 0.25) -> Build:
    """1 x kernel, then kernel x 1, on this share of the channels, between two 1x1 convolutions."""

    def build(c_in: int, c_out: int, stride: int, affine: bool) -> nn.Module:
        inner, edge = max(1, int(share * c_out)), kernel // 2
        wide = nn.Conv2d(inner, inner, (1, kernel), (1, stride), (0, edge), bias=False)
        high = nn.Conv2d(inner, inner, (kernel, 1), (stride, 1), (edge, 0), bias=False)
        return _between(c_in, inner, c_out, [wide, high], affine)

    return build


def _between(c_in: int, inner: int, c_out: int, convs: list[nn.Conv2d], affine: bool) -> nn.Module:
    first, last = nn.Conv2d(c_in, inner, 1, bias=False), nn.Conv2d(inner, c_out, 1, bias=False)
    layers: list[nn.Module] = []
    for conv in (first, *convs, last):
        layers += [nn.ReLU(), conv, norm(conv.out_channels, affine)]
    return nn.Sequential(*layers)
