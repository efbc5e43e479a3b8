"""Small modules with every kind of choice, alone and in one another; tests of several folders use them."""

from __future__ import annotations

from torch import nn

from gapless.data.shape import ImageShape
from gapless.nn import Choose, Kernel, Repeat, Width

IMAGE = ImageShape(1, 8, 8, 10)


def conv(c_in: int, c_out: int, kernel: int = 3) -> nn.Module:
    layer = nn.Conv2d(c_in, c_out, kernel, padding=kernel // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(c_out), nn.ReLU())


def depthwise(c: int, kernel: int) -> nn.Module:
    return nn.Conv2d(c, c, kernel, padding=kernel // 2, groups=c, bias=False)


class Added(nn.Module):
    """``x + body(x)``."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x):
        return x + self.body(x)


class Net(nn.Module):
    """Stem, what is given, global pooling, classifier."""

    def __init__(self, image: ImageShape, channels: int, **layers: nn.Module) -> None:
        super().__init__()
        self.stem = conv(image.channels, channels)
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.layers = tuple(layers)
        self.classifier = nn.Linear(channels, image.classes)

    def forward(self, x):
        x = self.stem(x)
        for name in self.layers:
            x = self.get_submodule(name)(x)
        return self.classifier(x.mean((2, 3)))


def inverted(c: int, widths: tuple[int, ...], kernels: tuple[int, ...]) -> nn.Module:
    """A residual block of elastic width, whose depthwise kernel is elastic too."""

    def body(w: int) -> nn.Module:
        middle = Kernel(lambda k: depthwise(w, k), kernels)
        return nn.Sequential(conv(c, w, 1), middle, nn.BatchNorm2d(w), nn.ReLU(), conv(w, c, 1))

    return Added(Width(body, widths))


def flat(image: ImageShape) -> Net:
    """One choice of each kind: 3 * 3 * 3 * 2 = 54 architectures."""
    c = 4
    return Net(
        image, c,
        op=Choose(conv=conv(c, c), wide=conv(c, c, 5), skip=nn.Identity()),
        stage=Repeat(lambda i: Added(conv(c, c)), (1, 2, 3)),
        wide=Added(Width(lambda w: nn.Sequential(conv(c, w, 1), conv(w, c, 1)), (2, 4, 8))),
        kernel=Kernel(lambda k: conv(c, c, k), (3, 5)),
    )  # fmt: skip


def nested(image: ImageShape) -> Net:
    """Choices in choices: (1 + 2) * (2 + 4) * (2 * 2) = 72 architectures."""
    c = 4
    return Net(
        image, c,
        op=Choose(conv=conv(c, c), deep=nn.Sequential(conv(c, c, 1), Choose(a=conv(c, c), b=nn.Identity()))),
        stage=Repeat(lambda i: Added(Choose({"3x3": conv(c, c), "1x1": conv(c, c, 1)})), (1, 2)),
        wide=inverted(c, (2, 6), (3, 5)),
    )  # fmt: skip


def directly(image: ImageShape) -> Net:
    """A choice that is an option of a choice, and layers that are choices: 3 + (1 + 2 + 4) ways each."""
    c = 4
    return Net(
        image, c,
        op=Choose(one=Choose(a=conv(c, c), b=conv(c, c, 1)), two=conv(c, c)),
        stage=Repeat(lambda i: Choose(a=conv(c, c, 1), b=nn.Identity()), (0, 1, 2)),
    )  # fmt: skip


MODELS = {"flat": (flat, 54), "nested": (nested, 72), "directly": (directly, 21)}
