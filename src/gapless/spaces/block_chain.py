"""Chains of blocks: one network, and one space that a published layout and a list of options make.

A `Layout` says what a paper's table of layers says: channels, repeats and strides of each stage, and what
stands before and after. The options of a layer are names of `builder`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import torch
from torch import nn

from gapless.core import Arch, Choice, Space
from gapless.core.errors import BadValue, UnknownName
from gapless.data.shape import ImageShape
from gapless.nets import operations, shuffle
from gapless.nets.gate import Mix
from gapless.nets.mixed import Mixed, pooled_logits
from gapless.spaces.contract import Links, Preset, Shape, slots

IDENTITY = "identity"
SMALLEST = 2
"""Pixels a side that strides leave of an image, at least."""

ACTIVATIONS: Mapping[str, type[nn.Module]] = {"relu": nn.ReLU, "relu6": nn.ReLU6}


def builder(option: str, activation: type[nn.Module] = nn.ReLU6) -> operations.Build:
    """What makes the block of a name.

    Args:
        option: ``identity``; ``k<kernel>e<expansion>`` for an inverted residual; ``shuffle<kernel>`` or
            ``xception`` for a unit of ShuffleNetV2.
        activation: of inverted residuals.

    Raises:
        BadValue: any other name, or an even kernel.
    """
    if option == IDENTITY:
        return operations.identity_or_projection
    if option == "xception":
        return shuffle.xception
    if found := re.fullmatch(r"shuffle(\d*[13579])", option):
        return shuffle.shuffle(int(found[1]))
    if found := re.fullmatch(r"k(\d*[13579])e([1-9]\d*)", option):
        return operations.inverted_residual(int(found[1]), int(found[2]), activation)
    raise BadValue(
        expected="an option 'identity', 'k<odd kernel>e<expansion>', 'shuffle<odd kernel>' or 'xception'",
        got=f"'{option}'",
        do="write, for example, k5e6 for a 5x5 kernel and expansion 6",
    )


def check_options(options: tuple[str, ...], own: Mapping[str, operations.Build]) -> None:
    """Raises:
    BadValue: an option that nobody builds, or one that is given twice.
    """
    for option in options:
        if option not in own:
            builder(option)
    if len(set(options)) != len(options):
        raise BadValue(expected="distinct options", got=", ".join(options), do="list each one once")


class ChainNetwork(nn.Module):
    """Stem, layers, head, global pooling, classifier.

    Args:
        same: for each layer whether its output has the shape of its input.
    """

    def __init__(
        self, stem: nn.Module, layers: Iterable[Mixed], same: Sequence[bool], head: nn.Module,
        classifier: nn.Linear,
    ) -> None:  # fmt: skip
        super().__init__()
        self.stem, self.layers, self.same = stem, nn.ModuleList(layers), list(same)
        self.head, self.classifier = head, classifier

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


def mixed_layers(
    choices: Space, c_in: int, widths: Sequence[int], strides: Sequence[int], affine: bool,
    build: Callable[[str], operations.Build],
) -> tuple[list[Mixed], list[bool]]:  # fmt: skip
    """The layers of ``layer0``, ``layer1``, ... of the choices, and for each whether it keeps the shape.

    Args:
        c_in: channels into the first layer.
        widths: channels out of each.
        build: what makes the block of an option.
    """
    layers, same, table = [], [], slots(choices)
    for i, (c_out, stride) in enumerate(zip(widths, strides, strict=True)):
        slot = table[(f"layer{i}",)]
        modules = {option: build(option)(c_in, c_out, stride, affine) for option in slot.options}
        layers.append(Mixed(modules, slot.row, slot.columns, slot.group))
        same.append(stride == 1 and c_in == c_out)
        c_in = c_out
    return layers, same


def drawn(arch: Arch, labels: Sequence[str]) -> list[dict[str, Any]]:
    """One panel: layers in a row, labelled by their shape, each edge by what the layer is."""
    nodes = [{"id": "in", "label": "stem", "kind": "input"}]
    edges, last = [], "in"
    for i, label in enumerate(labels):
        layer = f"layer{i}"
        nodes.append({"id": layer, "label": label, "kind": "node"})
        edges.append({"from": last, "to": layer, "label": arch.option(layer)})
        last = layer
    nodes.append({"id": "out", "label": "head", "kind": "output"})
    edges.append({"from": last, "to": "out", "label": ""})
    return [{"title": "chain", "nodes": nodes, "edges": edges}]


def no_partial(name: str, shape: Shape) -> None:
    """Raises:
    BadValue: partial channels, which a chain does not have.
    """
    if shape.partial > 1:
        raise BadValue(
            expected=f"partial of 1 in space '{name}', whose networks have no partial channels",
            got=f"{shape.partial}",
            do="leave partial at 1, or choose space darts or nb201",
        )


@dataclass(frozen=True)
class Layout:
    """The table of layers, in the channels of the published network.

    A network of other ``Shape.channels`` has all widths in proportion, made divisible as MobileNetV2 does
    it: the nearest multiple of ``divisor``, or the next one where that would lose more than a tenth.

    An image that is too small for all strides keeps the last of them, so that 2 pixels a side remain. The
    published networks are those of images of 224 pixels (32 in NAS-Bench-Macro), which keep all strides.

    Args:
        stem: channels of the first convolution, which is 3x3.
        stages: channels, layers, and the stride of the first layer, of each stage.
        head: channels of the last convolution, which is 1x1.
        stem_stride: of the first convolution.
        first: channels of a fixed depthwise separable block between stem and first layer; none where 0.
        divisor: of the channels of layers and head.
        activation: of everything that is no unit of ShuffleNetV2.
        bias: whether the classifier has one.
        eps: of every BatchNorm.

    Raises:
        BadValue: numbers that make no network.
        UnknownName: no such activation.
    """

    stem: int
    stages: tuple[tuple[int, int, int], ...]
    head: int
    stem_stride: int = 2
    first: int = 0
    divisor: int = 8
    activation: Literal["relu", "relu6"] = "relu6"
    bias: bool = True
    eps: float = 1e-5

    def __post_init__(self) -> None:
        if self.activation not in ACTIVATIONS:
            raise UnknownName("activation of a layout", self.activation, ACTIVATIONS)
        if any(len(stage) != 3 for stage in self.stages):
            raise BadValue(
                expected="3 numbers a stage", got=f"{self.stages}", do="write (channels, layers, stride)"
            )
        counts = [self.stem, self.head, self.divisor, *(n for c, n, _ in self.stages for n in (c, n))]
        if not self.stages or min(counts) < 1 or self.first < 0 or not self.eps > 0:
            raise BadValue(
                expected="at least 1 stage; channels, layers and divisor of at least 1; first >= 0, eps > 0",
                got=f"{self}",
                do="write each stage as (channels, layers, stride)",
            )
        if not {self.stem_stride, *(s for _, _, s in self.stages)} <= {1, 2}:
            raise BadValue(expected="strides of 1 or 2", got=f"{self}", do="halve once a stage at most")

    @property
    def rows(self) -> tuple[tuple[int, int], ...]:
        """Channels and stride of each layer."""
        return tuple((c, stride if i == 0 else 1) for c, n, stride in self.stages for i in range(n))

    def scaled(self, width: int, channels: int) -> int:
        """A width where the stem has so many channels."""
        if channels == self.stem:
            return width
        wanted = width * channels / self.stem
        near = max(self.divisor, int(wanted + self.divisor / 2) // self.divisor * self.divisor)
        return near + self.divisor if near < 0.9 * wanted else near

    def strides(self, image: ImageShape) -> tuple[int, ...]:
        """Of the stem and of each layer, for images of this size."""
        wanted = (self.stem_stride, *(stride for _, stride in self.rows))
        kept = max(0, (min(image.height, image.width) // SMALLEST).bit_length() - 1)
        halving = [i for i, stride in enumerate(wanted) if stride == 2]
        last = set(halving[max(0, len(halving) - kept) :])
        return tuple(2 if i in last else 1 for i in range(len(wanted)))


@dataclass(frozen=True)
class BlockChain(ABC):
    """A chain space after a layout; a subclass adds its presets.

    Args:
        options: what every layer may be.
        layout: the table of layers.
        everywhere: whether ``identity`` is an option also of layers that change the shape, where it is a
            pointwise convolution and a BatchNorm.
        own: builders of options of your own, by name; see `gapless.nets.operations` for what one is.

    Raises:
        BadValue: an unknown option, one that is given twice, or a layer without any.
    """

    name: str
    summary: str
    options: tuple[str, ...]
    layout: Layout
    everywhere: bool = True
    own: Mapping[str, operations.Build] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_options(self.options, self.own)
        if not self.options or (self.options == (IDENTITY,) and not self.everywhere):
            raise BadValue(
                expected="an option for every layer", got=", ".join(self.options) or "none", do="add a block"
            )

    @property
    @abstractmethod
    def presets(self) -> Mapping[str, Preset]:
        """``paper``: as published; ``quick``: for two cores."""

    @cached_property
    def choices(self) -> Space:
        found, last = [], self.layout.first or self.layout.stem
        for i, (width, stride) in enumerate(self.layout.rows):
            same = stride == 1 and width == last
            options = [o for o in self.options if o != IDENTITY or same or self.everywhere]
            found.append(Choice(f"layer{i}", dict.fromkeys(options), group="layers"))
            last = width
        return Space(tuple(found))

    def size(self) -> int:
        return self.choices.size()

    def network(self, choices: Space, shape: Shape, image: ImageShape) -> nn.Module:
        """``shape.channels`` are those of the stem; every BatchNorm follows ``shape.affine``.

        Raises:
            BadValue: partial channels, which a chain does not have.
        """
        no_partial(self.name, shape)
        layout, affine = self.layout, shape.affine
        activation, strides = ACTIVATIONS[layout.activation], layout.strides(image)
        c_in = shape.channels
        stem: list[nn.Module] = [nn.Conv2d(image.channels, c_in, 3, strides[0], 1, bias=False)]
        stem += [operations.norm(c_in, affine), activation()]
        if layout.first:
            c_out = layout.scaled(layout.first, shape.channels)
            stem += [operations.inverted_residual(3, 1, activation)(c_in, c_out, 1, affine)]
            c_in = c_out
        widths = [layout.scaled(width, shape.channels) for width, _ in layout.rows]
        layers, same = mixed_layers(
            choices, c_in, widths, strides[1:], affine, lambda o: self.own.get(o) or builder(o, activation)
        )
        wide = layout.scaled(layout.head, shape.channels)
        last = nn.Conv2d(widths[-1], wide, 1, bias=False)
        head = nn.Sequential(last, operations.norm(wide, affine), activation())
        classifier = nn.Linear(wide, image.classes, bias=layout.bias)
        net = ChainNetwork(nn.Sequential(*stem), layers, same, head, classifier)
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps = layout.eps
        return net

    def drawing(self, arch: Arch) -> list[dict[str, Any]]:
        """One panel: the layers in a row, labelled by the published channels and strides."""
        return drawn(arch, [f"{c}" + (" /2" if stride == 2 else "") for c, stride in self.layout.rows])

    def text(self, arch: Arch) -> str:
        """Options from first layer to last: ``k3e3 identity k5e6 ...``"""
        return " ".join(arch.option(choice.name) for choice in self.choices.choices)

    def numbers(self, arch: Arch) -> tuple[int, ...]:
        """For each layer the number of its option among ``options``, from 0."""
        return tuple(self.options.index(arch.option(choice.name)) for choice in self.choices.choices)

    def from_numbers(self, numbers: Sequence[int]) -> Arch:
        """What `numbers` gives, back to an architecture.

        Raises:
            BadValue: another number of layers, or an option that a layer does not have.
        """
        choices = self.choices.choices
        has = [{self.options.index(option) for option in choice.options} for choice in choices]
        if len(numbers) != len(has) or any(n not in layer for n, layer in zip(numbers, has, strict=False)):
            raise BadValue(
                expected=f"{len(has)} numbers of options, 0 to {len(self.options) - 1} each",
                got=f"{tuple(numbers)}",
                do=f"count in {', '.join(self.options)}; layers that change the shape may lack identity",
            )
        picked = zip(choices, numbers, strict=True)
        return Arch.of({choice.name: self.options[number] for choice, number in picked})
