"""A chain of inverted residuals: every layer picks kernel size and expansion, or does nothing.

The family of MobileNetV2-like spaces (Cai et al. 2019, ProxylessNAS; Wu et al. 2019, FBNet), in multiples of
the first stage's channels. The layout of the default is ours; published ones are spaces of their own, see
`gapless.spaces.block_chain`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from torch import nn

from gapless.core import Arch, Choice, Cosine, Space
from gapless.core.errors import BadValue
from gapless.core.training import Optim, Training
from gapless.data.shape import ImageShape
from gapless.nets import operations
from gapless.spaces.block_chain import ChainNetwork, builder, check_options, drawn, mixed_layers, no_partial
from gapless.spaces.contract import Preset, Shape

OPTIONS = ("identity", "k3e3", "k3e6", "k5e3", "k5e6", "k7e3", "k7e6")


@dataclass(frozen=True)
class Chain:
    """The chain space.

    Args:
        options: what every layer may be.
        widths: channels of each layer, in multiples of ``Shape.channels``.
        strides: 1 or 2 for each layer.
        head: channels before the classifier, in multiples of ``Shape.channels``.
        own: builders of options of your own, by name; see `gapless.nets.operations` for what one is.

    Raises:
        BadValue: an unknown option, or widths and strides that make no chain.
    """

    options: tuple[str, ...] = OPTIONS
    widths: tuple[int, ...] = (1, 1, 2, 2, 2, 4, 4, 4)
    strides: tuple[int, ...] = (1, 1, 2, 1, 1, 2, 1, 1)
    head: int = 40
    own: Mapping[str, operations.Build] = field(default_factory=dict)
    name: str = "chain"
    summary: str = "a chain of layers, each an inverted residual of some kernel and expansion, or nothing"

    def __post_init__(self) -> None:
        check_options(self.options, self.own)
        if not self.widths or len(self.widths) != len(self.strides):
            raise BadValue(
                expected="as many strides as widths, at least 1",
                got=f"{len(self.widths)} widths and {len(self.strides)} strides",
                do="give one of each for every layer",
            )
        if min(*self.widths, self.head) < 1 or not set(self.strides) <= {1, 2}:
            raise BadValue(
                expected="widths and a head >= 1, strides of 1 or 2",
                got=f"widths {self.widths}, head {self.head}, strides {self.strides}",
                do="widths are multiples of the first stage's channels",
            )

    @cached_property
    def choices(self) -> Space:
        layers = (f"layer{i}" for i in range(len(self.widths)))
        return Space(tuple(Choice(layer, dict.fromkeys(self.options), group="layers") for layer in layers))

    @cached_property
    def presets(self) -> Mapping[str, Preset]:
        """``paper``: 32 channels, 50 epochs of batch 256 (NAS-Bench-Macro, train/train.py); ``quick``: ours.

        That the search has no affine BatchNorm is ours too: a learned scale would undo a gate.
        """
        paper, quick = Optim(lr=Cosine(0.1), weight_decay=5e-4), Optim(lr=Cosine(0.05), weight_decay=3e-4)
        return {
            "paper": Preset(Shape(32, affine=False), Shape(32), Training(50, 256, paper)),
            "quick": Preset(Shape(8, affine=False), Shape(12), Training(30, 64, quick)),
        }

    def size(self) -> int:
        return self.choices.size()

    def network(self, choices: Space, shape: Shape, image: ImageShape) -> nn.Module:
        """Raises:
        BadValue: partial channels, which a chain does not have.
        """
        no_partial(self.name, shape)
        c = shape.channels
        first = nn.Conv2d(image.channels, c, 3, padding=1, bias=False)
        stem = nn.Sequential(first, nn.BatchNorm2d(c), nn.ReLU6())
        widths = [width * c for width in self.widths]
        layers, same = mixed_layers(
            choices, c, widths, self.strides, shape.affine, lambda o: self.own.get(o) or builder(o)
        )
        wide = self.head * c
        head = nn.Sequential(nn.Conv2d(widths[-1], wide, 1, bias=False), nn.BatchNorm2d(wide), nn.ReLU6())
        return ChainNetwork(stem, layers, same, head, nn.Linear(wide, image.classes))

    def drawing(self, arch: Arch) -> list[dict[str, Any]]:
        """One panel: the layers in a row, each edge labelled by what the layer is."""
        rows = zip(self.widths, self.strides, strict=True)
        return drawn(arch, [f"{width}C" + (" /2" if stride == 2 else "") for width, stride in rows])

    def text(self, arch: Arch) -> str:
        """Layers from first to last: ``k3e3 identity k5e6 ...``"""
        return " ".join(arch.option(f"layer{i}") for i in range(len(self.widths)))
