"""An operation of your own: a chain whose blocks may also be a plain convolution.

python examples/02_own_operation.py runs/operation
"""

import sys

from torch import nn

import gapless
from gapless.spaces import chain


def plain_conv(c_in: int, c_out: int, stride: int, affine: bool) -> nn.Module:
    """3x3 convolution, BatchNorm, ReLU."""
    conv = nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(c_out, affine=affine), nn.ReLU())


def main(run: str, **options: object) -> None:
    space = chain.Chain(options=("identity", "k3e3", "conv"), own={"conv": plain_conv})
    found = gapless.search(space=space, data="digits", method="spos", seed=0, run=run, **options)
    print(space.text(found.arch))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "runs/operation", progress=True)
