"""A chain of inverted residuals: every layer picks kernel size and expansion, or does nothing.

The family of MobileNetV2-like spaces (Cai et al. 2019, ProxylessNAS; Wu et al. 2019, FBNet). `MACRO`
is the 6,561 architectures of NAS-Bench-Macro (Su et al. 2021, section 4; xiusu/NAS-Bench-Macro,
train/model.py). The layout of the default is ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import nn

from gapless.core import Arch, Choice, Cosine, Space
from gapless.core.errors import BadValue
from gapless.core.training import Optim, Training
from gapless.data.shape import ImageShape
from gapless.nets import operations
from gapless.nets.gate import Mix
from gapless.nets.mixed import Mixed, pooled_logits
from gapless.spaces.contract import Links, Preset, Shape, slots

OPTIONS = ("identity", "k3e3", "k3e6", "k5e3", "k5e6", "k7e3", "k7e6")
MACRO_OPTIONS = ("identity", "k3e3", "k5e6")


def builder(option: str) -> operations.Build:
    """``identity``, or ``k<kernel>e<expansion>`` for an inverted residual.

    Raises:
        BadValue: any other name, or an even kernel.
    """
    if option == "identity":
        return operations.identity_or_projection
    found = re.fullmatch(r"k(\d*[13579])e([1-9]\d*)", option)
    if not found:
        raise BadValue(
            expected="an option 'identity' or 'k<odd kernel>e<expansion>'",
            got=f"'{option}'",
            do="write, for example, k5e6 for a 5x5 kernel and expansion 6",
        )
    return operations.inverted_residual(int(found[1]), int(found[2]))


class ChainNetwork(nn.Module):
    """Stem, layers, head, global pooling, classifier."""

    def __init__(
        self, choices: Space, widths: tuple[int, ...], strides: tuple[int, ...], head: int,
        own: Mapping[str, operations.Build], shape: Shape, image: ImageShape,
    ) -> None:  # fmt: skip
        super().__init__()
        c_in = shape.channels
        self.stem = nn.Sequential(
            nn.Conv2d(image.channels, c_in, 3, padding=1, bias=False), nn.BatchNorm2d(c_in), nn.ReLU6()
        )
        self.layers = nn.ModuleList()
        self.same = []
        table = slots(choices)
        for i, (width, stride) in enumerate(zip(widths, strides, strict=True)):
            slot, c_out = table[(f"layer{i}",)], width * shape.channels
            modules = {o: (own.get(o) or builder(o))(c_in, c_out, stride, shape.affine) for o in slot.options}
            self.layers.append(Mixed(modules, slot.row, slot.columns, slot.group))
            self.same.append(stride == 1 and c_in == c_out)
            c_in = c_out
        wide = head * shape.channels
        self.head = nn.Sequential(nn.Conv2d(c_in, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.ReLU6())
        self.classifier = nn.Linear(wide, image.classes)

    def forward(self, x: torch.Tensor, mix: Mix | None = None, drop_path: float = 0.0) -> torch.Tensor:
        """`n x c x h x w` to logits `n x classes`.

        Drop path takes residual bodies only: a layer that changes the shape is the sole way through.
        """
        gate = None if mix is None else mix["layers"]
        x = self.stem(x)
        for layer, same in zip(self.layers, self.same, strict=True):
            x = layer(x, gate, drop_path if same else 0.0)
        return pooled_logits(self.head(x), self.classifier)

    def links(self) -> Links:
        """See `gapless.spaces.contract.Chained`."""
        layers = {f"layer{i}": dict(layer.named_children()) for i, layer in enumerate(self.layers)}
        tail = nn.Sequential(self.head, nn.AdaptiveAvgPool2d(1), nn.Flatten(), self.classifier)
        return Links(self.stem, layers, tail)


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
        for option in self.options:
            if option not in self.own:
                builder(option)
        if len(set(self.options)) != len(self.options):
            raise BadValue(expected="distinct options", got=", ".join(self.options), do="list each one once")
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
        if shape.partial > 1:
            raise BadValue(
                expected=f"partial of 1 in space '{self.name}', whose networks have no partial channels",
                got=f"{shape.partial}",
                do="leave partial at 1, or choose space darts or nb201",
            )
        return ChainNetwork(choices, self.widths, self.strides, self.head, self.own, shape, image)

    def drawing(self, arch: Arch) -> list[dict[str, Any]]:
        """One panel: the layers in a row, each edge labelled by what the layer is."""
        nodes = [{"id": "in", "label": "stem", "kind": "input"}]
        edges, last = [], "in"
        for i, (width, stride) in enumerate(zip(self.widths, self.strides, strict=True)):
            layer = f"layer{i}"
            nodes.append({"id": layer, "label": f"{width}C" + (" /2" if stride == 2 else ""), "kind": "node"})
            edges.append({"from": last, "to": layer, "label": arch.option(layer)})
            last = layer
        nodes.append({"id": "out", "label": "head", "kind": "output"})
        edges.append({"from": last, "to": "out", "label": ""})
        return [{"title": "chain", "nodes": nodes, "edges": edges}]

    def text(self, arch: Arch) -> str:
        """Layers from first to last: ``k3e3 identity k5e6 ...``"""
        return " ".join(arch.option(f"layer{i}") for i in range(len(self.widths)))


MACRO = Chain(
    options=MACRO_OPTIONS,
    widths=(2, 2, 4, 4, 4, 8, 8, 8),
    strides=(2, 1, 2, 1, 1, 2, 1, 1),
    name="nas-bench-macro",
    summary="8 layers, each 1 of 3; the space of NAS-Bench-Macro, with ReLU6 where it has ReLU",
)
