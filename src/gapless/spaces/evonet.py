"""The open space of Large-Scale Evolution of Image Classifiers (Real et al. 2017, section 3), bounded.

A network starts as global pooling and a linear layer, and grows by mutations. Its backbone is a row of
layers: convolutions of any kernel, channels and stride, and one-to-one connections. A layer ends in a
vertex, either BatchNorm and ReLU or plainly linear, into which earlier vertices may come by skips.
`gapless.spaces.evonet_actions` has the published mutations, `inherit_where_shapes_match` what a child keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn import functional

from gapless.core import Arch, Choice, Space
from gapless.core.errors import BadValue
from gapless.core.training import Optim, Training
from gapless.data.shape import ImageShape
from gapless.nets import operations
from gapless.nets.gate import Mix
from gapless.nets.mixed import pooled_logits
from gapless.spaces.contract import Preset, Shape
from gapless.spaces.stand_alone import sole

ACTIVATIONS = ("norm_relu", "linear")
SKIP = ("no", "yes")


@dataclass(frozen=True)
class Conv:
    """A convolution: kernel of odd height and width, channels in multiples of ``Shape.channels``, stride."""

    height: int
    width: int
    channels: int
    stride: int


@dataclass(frozen=True)
class Layer:
    """One layer, decoded.

    Args:
        slot: its place in the architecture, from 1.
        conv: None for a one-to-one connection.
        activation: of the vertex at its end, one of `ACTIVATIONS`.
        skips: slots whose vertices come in besides the layer before; 0 is the image.
    """

    slot: int
    conv: Conv | None
    activation: str
    skips: tuple[int, ...] = ()

    def __str__(self) -> str:
        c = self.conv
        what = f"{c.height}x{c.width}@{c.channels}/{c.stride}" if c else "one_to_one"
        return " ".join([what, self.activation, *(f"+{slot}" for slot in self.skips)])


def reshaped(x: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """`n x c x h x w` in the size of another: nearest neighbours, channels cut off or padded with zeros."""
    if x.shape[2:] != like.shape[2:]:
        x = functional.interpolate(x, like.shape[2:], mode="nearest")
    lacking = like.shape[1] - x.shape[1]
    return functional.pad(x, (0, 0, 0, 0, 0, lacking)) if lacking else x


class Vertex(nn.Module):
    """A layer and its vertex; what comes in by skips takes the shape of what the layer makes."""

    def __init__(self, layer: Layer, c_in: int, c_out: int, affine: bool) -> None:
        super().__init__()
        conv, normed = layer.conv, layer.activation == "norm_relu"
        self.conv: nn.Module = nn.Identity()
        if conv:
            kernel, padding = (conv.height, conv.width), (conv.height // 2, conv.width // 2)
            self.conv = nn.Conv2d(c_in, c_out, kernel, conv.stride, padding, bias=not normed)
        norm = (operations.norm(c_out, affine), nn.ReLU()) if normed else ()
        self.activation = nn.Sequential(*norm)

    def forward(self, x: torch.Tensor, skips: Iterable[torch.Tensor]) -> torch.Tensor:
        y: torch.Tensor = self.conv(x)
        for skip in skips:
            y = y + reshaped(skip, y)
        return self.activation(y)  # type: ignore[no-any-return]


class BackboneNetwork(nn.Module):
    """Layers, global pooling, classifier; a skip from a slot that is empty is not there."""

    def __init__(self, layers: Sequence[Layer], shape: Shape, image: ImageShape) -> None:
        super().__init__()
        there, c_in = {0, *(layer.slot for layer in layers)}, image.channels
        self.skips, self.layers = {layer.slot: there & set(layer.skips) for layer in layers}, nn.ModuleDict()
        for layer in layers:
            c_out = layer.conv.channels * shape.channels if layer.conv else c_in
            self.layers[f"layer{layer.slot}"] = Vertex(layer, c_in, c_out, shape.affine)
            c_in = c_out
        self.classifier = nn.Linear(c_in, image.classes)

    def forward(self, x: torch.Tensor, mix: Mix | None = None, drop_path: float = 0.0) -> torch.Tensor:
        """`n x c x h x w` to logits `n x classes`; there is no mixture and no drop path."""
        states = {0: x}
        for slot, skips in self.skips.items():
            x = self.layers[f"layer{slot}"](x, (states[source] for source in sorted(skips)))
            states[slot] = x
        return pooled_logits(x, self.classifier)


def inherit_where_shapes_match(
    child: nn.Module, parent: Mapping[str, torch.Tensor], origin: Mapping[int, int] | None = None
) -> tuple[str, ...]:
    """Copies into a network what it can have of its parent's state: tensors of one name and one shape.

    Args:
        child: changed in place; what nothing is copied into keeps its values.
        parent: its parent's ``state_dict()``.
        origin: for each slot of the child the parent's that it comes from, as a mutation says; layers of
            other slots inherit nothing. None: slots are the same in both, as `Space.mutate` leaves them.

    Returns:
        Names, in the child, of what was copied.
    """
    own, copied = child.state_dict(), {}
    for name, value in own.items():
        source = _name_in_parent(name, origin)
        # A count of batches has no shape of its own: it goes along with the statistics it is about.
        of = [text.replace("num_batches_tracked", "running_mean") for text in (name, source)]
        if of[1] in parent and parent[of[1]].shape == own[of[0]].shape:
            copied[name] = parent[source].to(value)
    child.load_state_dict({**own, **copied})
    return tuple(copied)


def _name_in_parent(name: str, origin: Mapping[int, int] | None) -> str:
    first, _, rest = name.partition(".layer")
    if first != "layers" or origin is None:
        return name
    slot, _, tensor = rest.partition(".")
    return f"layers.layer{origin[int(slot)]}.{tensor}" if int(slot) in origin else ""


@dataclass(frozen=True)
class Evonet:
    """The EvoNet space, with bounds.

    An architecture has ``layers`` slots in a row, each empty or one layer. All slots empty is where the
    published search starts. Learning rate, going on with training and drawing weights anew, three of the
    published mutations, change how a network is trained and are no part of the space.

    Deviation: published numbers have no bounds and any value; here they are of lists, and channels are
    multiples of ``Shape.channels``. The number and the place of empty slots tells apart architectures that
    are the same network; mutations pack the slots.

    Args:
        layers: slots.
        kernels: heights and widths; 3, which mutations insert, is one of them.
        channels: multiples of ``Shape.channels``.
        strides: powers of 2; 1 is one of them.

    Raises:
        BadValue: no slots, or lists without what they must hold, or with numbers that they cannot.
    """

    layers: int = 8
    kernels: tuple[int, ...] = (1, 3, 5, 7)
    channels: tuple[int, ...] = (1, 2, 3, 4, 6, 8)
    strides: tuple[int, ...] = (1, 2, 4)
    name: str = "evonet"
    summary: str = "a graph that grows by mutations, up to a bound; the space of Large-Scale Evolution"
    shared: ClassVar[bool] = False

    def __post_init__(self) -> None:
        lists = (self.kernels, self.channels, self.strides)
        rising = all(row and row[0] >= 1 and list(row) == sorted(set(row)) for row in lists)
        odd = 3 in self.kernels and all(k % 2 for k in self.kernels)
        powers = 1 in self.strides and all(s & (s - 1) == 0 for s in self.strides)
        if self.layers < 1 or not rising or not odd or not powers:
            raise BadValue(
                expected="at least 1 layer; rising lists: odd kernels with 3, channels, strides 1, 2, 4",
                got=f"{self.layers} layers, kernels {self.kernels}, channels {self.channels}, "
                f"strides {self.strides}",
                do="use, for example, kernels (1, 3, 5), channels (1, 2, 4) and strides (1, 2)",
            )

    @cached_property
    def choices(self) -> Space:
        return Space(tuple(self._slot(j) for j in range(1, self.layers + 1)))

    def _slot(self, j: int) -> Choice:
        activation = Choice("activation", dict.fromkeys(ACTIVATIONS))
        vertex = [activation, *(Choice(f"skip{i}", dict.fromkeys(SKIP), group="skips") for i in range(j))]
        lists = {
            "height": self.kernels, "width": self.kernels, "channels": self.channels, "stride": self.strides,
        }  # fmt: skip
        conv = [Choice(name, dict.fromkeys(map(str, row)), group=name) for name, row in lists.items()]
        inside = {"empty": None, "one_to_one": Space(tuple(vertex)), "conv": Space((*conv, *vertex))}
        return Choice(f"layer{j}", inside)

    @cached_property
    def presets(self) -> Mapping[str, Preset]:
        """``paper``: SGD of batch 50 at a constant 0.1, 28 epochs for its 25,600 steps; ``quick``: ours.

        Channels of 16, hence up to 128, are ours too. The weight decay is from memory.
        """
        paper, quick = Optim(lr=0.1, weight_decay=1e-4), Optim(lr=0.05, weight_decay=1e-4)
        return {
            "paper": Preset(Shape(16), Shape(16), Training(28, 50, paper)),
            "quick": Preset(Shape(4), Shape(8), Training(20, 64, quick)),
        }

    def size(self) -> int:
        """Exact: over the slots j, the product of 1 + (A + K K C S A) 2^j; A = 2 kinds of vertices."""
        conv = len(self.kernels) ** 2 * len(self.channels) * len(self.strides)
        total = 1
        for j in range(1, self.layers + 1):
            total *= 1 + (((1 + conv) * len(ACTIVATIONS)) << j)
        return total

    def network(self, choices: Space, shape: Shape, image: ImageShape) -> nn.Module:
        """The stand-alone network of the one architecture that is left.

        Raises:
            BadValue: several architectures are left, or the shape has partial channels.
        """
        return BackboneNetwork(self.decoded(sole(self.name, choices, shape)), shape, image)

    def decoded(self, arch: Arch) -> list[Layer]:
        """The layers that are there, from first to last."""
        row = []
        for j in range(1, self.layers + 1):
            kind = arch.option(f"layer{j}")
            if kind == "empty":
                continue
            own, conv = arch[f"layer{j}"][kind], None
            if kind == "conv":
                conv = Conv(*(int(own.option(name)) for name in ("height", "width", "channels", "stride")))
            skips = tuple(i for i in range(j) if own.option(f"skip{i}") == "yes")
            row.append(Layer(j, conv, own.option("activation"), skips))
        return row

    def encoded(self, layers: Iterable[Layer]) -> Arch:
        """The architecture of these layers; `decoded` is the inverse.

        Raises:
            BadValue: they are not of this space.
        """
        picks: dict[str, Any] = {f"layer{j}": "empty" for j in range(1, self.layers + 1)}
        for layer in layers:
            own = {"activation": layer.activation}
            own |= {f"skip{i}": SKIP[i in layer.skips] for i in range(layer.slot)}
            own |= {name: str(value) for name, value in vars(layer.conv).items()} if layer.conv else {}
            picks[f"layer{layer.slot}"] = {"conv" if layer.conv else "one_to_one": own}
        arch = Arch.of(picks)
        self.choices.check(arch)
        return arch

    def drawing(self, arch: Arch) -> list[dict[str, Any]]:
        """One panel: the image, the vertices and the classifier; edges say what a layer is."""
        layers, last = self.decoded(arch), 0
        there, edges = {0, *(layer.slot for layer in layers)}, []
        nodes = [{"id": "0", "label": "image", "kind": "input"}]
        for layer in layers:
            slot, here = str(layer.slot), layer.activation.replace("_", " ")
            nodes.append({"id": slot, "label": here, "kind": "node"})
            what = str(layer).partition(f" {layer.activation}")[0]
            edges.append({"from": str(last), "to": slot, "label": what})
            edges += [{"from": str(i), "to": slot, "label": "skip"} for i in layer.skips if i in there]
            last = layer.slot
        nodes.append({"id": "out", "label": "classifier", "kind": "output"})
        edges.append({"from": str(last), "to": "out", "label": ""})
        return [{"title": "graph", "nodes": nodes, "edges": edges}]

    def text(self, arch: Arch) -> str:
        """The slots, ``3x5@4/2 norm_relu +0 | - | ...``: kernel, channels, stride, vertex, skips."""
        layers = {layer.slot: str(layer) for layer in self.decoded(arch)}
        return " | ".join(layers.get(j, "-") for j in range(1, self.layers + 1))
