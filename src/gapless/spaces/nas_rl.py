"""The macro space of Neural Architecture Search with Reinforcement Learning (Zoph & Le 2017, 3.1, 3.3, 4.1).

A network is a row of layers, each with a filter height, a filter width, a number of filters, perhaps
strides, and the earlier layers that it reads besides the one before. What a layer reads is concatenated;
smaller maps are padded with zeros to the largest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn import functional

from gapless.core import Arch, Choice, Cosine, Space
from gapless.core.errors import BadValue
from gapless.core.training import Optim, Training
from gapless.data.shape import ImageShape
from gapless.nets import operations
from gapless.nets.gate import Mix
from gapless.nets.mixed import pooled_logits
from gapless.spaces.contract import Preset, Shape
from gapless.spaces.stand_alone import sole

KERNELS = (1, 3, 5, 7)
FILTERS = (24, 36, 48, 64)
LINK = ("no", "yes")


@dataclass(frozen=True)
class Layer:
    """One layer, decoded.

    Args:
        kernel: filter height and width, odd.
        filters: as published; the network has ``filters * channels // 24``.
        stride: height and width.
        reads: numbers of the layers that it reads, from 1; 0 is the image.
    """

    kernel: tuple[int, int]
    filters: int
    stride: tuple[int, int]
    reads: tuple[int, ...]


def concatenated(maps: Sequence[torch.Tensor]) -> torch.Tensor:
    """Maps `n x c_i x h_i x w_i` in depth, each padded with zeros below and on the right to the largest."""
    h, w = max(x.shape[2] for x in maps), max(x.shape[3] for x in maps)
    return torch.cat([functional.pad(x, (0, w - x.shape[3], 0, h - x.shape[2])) for x in maps], dim=1)


class LayersNetwork(nn.Module):
    """Layers, what none of them reads concatenated, global pooling, classifier."""

    def __init__(self, layers: Sequence[Layer], shape: Shape, image: ImageShape) -> None:
        super().__init__()
        self.reads, self.layers = [layer.reads for layer in layers], nn.ModuleList()
        width = [image.channels]
        for layer in layers:
            c_in, c_out = sum(width[i] for i in layer.reads), layer.filters * shape.channels // FILTERS[0]
            (h, w), width = layer.kernel, [*width, c_out]
            conv = nn.Conv2d(c_in, c_out, (h, w), layer.stride, (h // 2, w // 2), bias=False)
            self.layers.append(nn.Sequential(conv, operations.norm(c_out, shape.affine), nn.ReLU()))
        read = {i for reads in self.reads for i in reads}
        self.last = [i for i in range(1, len(width)) if i not in read]
        self.classifier = nn.Linear(sum(width[i] for i in self.last), image.classes)

    def forward(self, x: torch.Tensor, mix: Mix | None = None, drop_path: float = 0.0) -> torch.Tensor:
        """`n x c x h x w` to logits `n x classes`; there is no mixture and no drop path."""
        states = [x]
        for layer, reads in zip(self.layers, self.reads, strict=True):
            states.append(layer(concatenated([states[i] for i in reads])))
        return pooled_logits(concatenated([states[i] for i in self.last]), self.classifier)


@dataclass(frozen=True)
class NasRl:
    """The NAS-RL macro space: ``C^N 2^((N-1)(N-2)/2)`` architectures of N layers with C kinds of a layer.

    As published: heights and widths of 1, 3, 5, 7; 24, 36, 48, 64 filters; strides of 1, or with
    ``strides=(1, 2, 3)`` chosen for height and width. The search starts at 6 layers, the default, and grows
    by 2 every 1600 networks, which is the search's to do.

    Deviation: consecutive layers are always linked, as the size is usually given. With ``linked=False`` that
    too is chosen, ``C^N 2^(N(N-1)/2)``, and the rules of section 3.3 hold: a layer that reads none reads the
    image, and what none reads goes to the classifier. The padding's place, and ReLU after BatchNorm, are
    ours: the paper does not say.

    Args:
        layers: N.
        kernels: filter heights and widths.
        filters: numbers of filters, at ``Shape.channels`` of 24; other widths are in proportion.
        strides: of which height and width of the stride are chosen.
        linked: whether every layer reads the one before.

    Raises:
        BadValue: no layers, an even kernel, or a list that is empty or holds a number below 1 or one twice.
    """

    layers: int = 6
    kernels: tuple[int, ...] = KERNELS
    filters: tuple[int, ...] = FILTERS
    strides: tuple[int, ...] = (1,)
    linked: bool = True
    name: str = "nas-rl"
    summary: str = "a row of convolutions, each reading any earlier ones; the macro space of NAS-RL"
    shared: ClassVar[bool] = False

    def __post_init__(self) -> None:
        lists = (self.kernels, self.filters, self.strides)
        right = all(row and min(row) >= 1 and len(set(row)) == len(row) for row in lists)
        if self.layers < 1 or not right or any(k % 2 == 0 for k in self.kernels):
            raise BadValue(
                expected="at least 1 layer; distinct odd kernels, filters and strides of at least 1",
                got=f"{self.layers} layers, kernels {self.kernels}, filters {self.filters}, "
                f"strides {self.strides}",
                do="use, for example, the published strides (1, 2, 3)",
            )

    @cached_property
    def choices(self) -> Space:
        layers = (Choice(f"layer{j}", {"conv": self._layer(j)}) for j in range(1, self.layers + 1))
        return Space(tuple(layers))

    def _layer(self, j: int) -> Space:
        lists = [("height", self.kernels), ("width", self.kernels), ("filters", self.filters)]
        if len(self.strides) > 1:
            lists += [("stride_height", self.strides), ("stride_width", self.strides)]
        own = [Choice(name, dict.fromkeys(map(str, row)), group=name) for name, row in lists]
        links = [Choice(f"from{i}", dict.fromkeys(LINK), group="links") for i in self._optional(j)]
        return Space((*own, *links))

    def _optional(self, j: int) -> range:
        """Earlier layers that layer ``j`` may read or not."""
        return range(1, j - 1 if self.linked else j)

    def decoded(self, arch: Arch) -> list[Layer]:
        """The layers from first to last."""
        row = []
        for j in range(1, self.layers + 1):
            own = arch[f"layer{j}"]["conv"]
            reads = [i for i in self._optional(j) if own.option(f"from{i}") == "yes"]
            reads += [j - 1] if self.linked else []
            h, w, filters = (int(own.option(name)) for name in ("height", "width", "filters"))
            stride = (self.strides[0],) * 2
            if len(self.strides) > 1:
                stride = (int(own.option("stride_height")), int(own.option("stride_width")))
            row.append(Layer((h, w), filters, stride, tuple(reads) or (0,)))
        return row

    @cached_property
    def presets(self) -> Mapping[str, Preset]:
        """``paper``: 24 to 64 filters, 50 epochs of SGD with Nesterov's momentum; ``quick``: ours.

        Those numbers are from memory. Deviation: the rate follows a cosine, and the batch is ours.
        """
        paper = Optim(lr=Cosine(0.1), weight_decay=1e-4, nesterov=True)
        quick = Optim(lr=Cosine(0.05), weight_decay=1e-4, nesterov=True)
        return {
            "paper": Preset(Shape(24), Shape(24), Training(50, 128, paper)),
            "quick": Preset(Shape(6), Shape(12), Training(20, 64, quick)),
        }

    def size(self) -> int:
        """Exact: ``C^N 2^((N-1)(N-2)/2)``, or ``C^N 2^(N(N-1)/2)`` where nothing is always linked."""
        n, kinds = self.layers, len(self.kernels) ** 2 * len(self.filters) * len(self.strides) ** 2
        links = (n - 1) * (n - 2) // 2 if self.linked else n * (n - 1) // 2
        return int(kinds**n) << links

    def network(self, choices: Space, shape: Shape, image: ImageShape) -> nn.Module:
        """The stand-alone network of the one architecture that is left.

        Raises:
            BadValue: several architectures are left, the shape has partial channels, or so few channels
                that a layer would have no filter.
        """
        layers = self.decoded(sole(self.name, choices, shape))
        if min(self.filters) * shape.channels < FILTERS[0]:
            raise BadValue(
                expected=f"channels that leave {min(self.filters)} of {FILTERS[0]} filters at least one",
                got=f"{shape.channels}",
                do="raise channels",
            )
        return LayersNetwork(layers, shape, image)

    def drawing(self, arch: Arch) -> list[dict[str, Any]]:
        """One panel: the layers in a row, with an edge for everything that is read."""
        layers = self.decoded(arch)
        nodes, edges = [{"id": "0", "label": "image", "kind": "input"}], []
        for j, layer in enumerate(layers, 1):
            nodes.append({"id": str(j), "label": _written(layer), "kind": "node"})
            edges += [{"from": str(i), "to": str(j), "label": ""} for i in layer.reads]
        read = {i for layer in layers for i in layer.reads}
        nodes.append({"id": "out", "label": "classifier", "kind": "output"})
        last = (j for j in range(1, len(layers) + 1) if j not in read)
        edges += [{"from": str(j), "to": "out", "label": ""} for j in last]
        return [{"title": "layers", "nodes": nodes, "edges": edges}]

    def text(self, arch: Arch) -> str:
        """Layers from first to last: height x width @ filters, the stride, and what is read, 0 the image."""
        written = (f"{_written(layer)}({','.join(map(str, layer.reads))})" for layer in self.decoded(arch))
        return " ".join(written)


def _written(layer: Layer) -> str:
    stride = "" if layer.stride == (1, 1) else f"/{layer.stride[0]}x{layer.stride[1]}"
    return f"{layer.kernel[0]}x{layer.kernel[1]}@{layer.filters}{stride}"
