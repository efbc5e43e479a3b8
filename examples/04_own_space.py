"""A space of your own: choices inside a network of yours.

python examples/04_own_space.py runs/space
"""

import sys

import torch
from torch import nn

import gapless
from gapless.nn import Choose, Kernel, Repeat, Width


def conv(c_in: int, c_out: int, kernel: int = 3, stride: int = 1) -> nn.Module:
    """Convolution, BatchNorm, ReLU."""
    layer = nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(c_out), nn.ReLU())


def bottleneck(channels: int, width: int) -> nn.Module:
    """So many channels inside, and a depthwise convolution of some kernel between."""
    depthwise = Kernel(lambda k: nn.Conv2d(width, width, k, padding=k // 2, groups=width), (3, 5))
    return nn.Sequential(conv(channels, width, 1), depthwise, conv(width, channels, 1))


class Block(nn.Module):
    """A residual block: a bottleneck of some width and kernel, or a plain convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        wide = Width(lambda width: bottleneck(channels, width), (channels // 2, channels, 2 * channels))
        self.body = Choose(bottleneck=wide, plain=conv(channels, channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x)


class Net(nn.Module):
    """For 8x8 digits: a stem, one to three blocks, a classifier."""

    def __init__(self, channels: int = 16) -> None:
        super().__init__()
        self.stem = conv(1, channels)
        self.blocks = Repeat(lambda i: Block(channels), (1, 2, 3))
        self.down = Choose(conv=conv(channels, channels, 3, 2), pool=nn.MaxPool2d(2))
        self.classifier = nn.Linear(channels, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.down(self.blocks(self.stem(x)))
        return self.classifier(x.mean((2, 3)))


def main(run: str, **options: object) -> None:
    space = gapless.spaces.from_module(Net(), name="blocks")
    print(f"{space.size():,} architectures")
    found = gapless.search(space=space, data="digits", method="spos", seed=0, run=run, **options)
    print(space.text(found.arch))
    print(f"test accuracy {100 * found.score:.2f} %")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "runs/space", progress=True)
