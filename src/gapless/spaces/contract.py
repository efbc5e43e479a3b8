"""What a search space is: its choices, and one builder that makes every network of it.

The builder takes choices, so the super-network is the network of all of them, a shrunk super-network
the network of some, and a sub-network the network of `Space.only(arch)`. Modules are named after
choices and options, hence the state of a sub-network is a part of the super-network's state and
inheriting is copying by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import torch
from torch import nn

from gapless.core import Arch, Path, Space
from gapless.core.errors import BadValue
from gapless.core.training import Training
from gapless.data.shape import ImageShape
from gapless.nets.gate import Mix
from gapless.nets.seeded import seeded
from gapless.nets.window import window

Use = Literal["search", "deploy"]


@dataclass(frozen=True)
class Shape:
    """How large a network is, apart from its architecture.

    Args:
        channels: of the first stage.
        depth: cells; what exactly is counted is the space's to say. 0: the space fixes it.
        affine: whether BatchNorm layers have scale and shift.
        pool_norm: whether pooling operations are followed by a BatchNorm.
        partial: one in so many channels goes through the operations of an edge, the others pass it by.
    """

    channels: int
    depth: int = 0
    affine: bool = True
    pool_norm: bool = False
    partial: int = 1

    def __post_init__(self) -> None:
        if self.partial < 1:
            raise BadValue(
                expected="partial of at least 1, the K of 1/K", got=f"{self.partial}", do="raise partial"
            )


@dataclass(frozen=True)
class Preset:
    """The two shapes, and how the found network is trained for use."""

    search: Shape
    deploy: Shape
    training: Training


class Network(Protocol):
    """``net(x, mix)``: `n x c x h x w` to logits `n x classes`; architecture values are an argument."""

    def __call__(self, x: torch.Tensor, mix: Mix | None = None, drop_path: float = 0.0) -> torch.Tensor: ...


@dataclass(frozen=True)
class Links:
    """A network that is a chain, taken apart: ``tail(layer_n(... layer_1(stem(x))))``.

    The parts are the network's own modules, not copies, and no parameter belongs to two of them.

    Args:
        stem: images `n x c x h x w` to the input of the first layer.
        layers: from first to last, by the name of the layer's choice: each option and what computes it.
            Choices are on the top level of the space, and one option is picked.
        tail: output of the last layer to logits `n x classes`.
    """

    stem: nn.Module
    layers: Mapping[str, Mapping[str, nn.Module]]
    tail: nn.Module


@runtime_checkable
class Chained(Protocol):
    """A network in which every layer reads the one before and nothing else.

    Architectures that begin alike compute alike up to where they part, so a set of them is scored by
    computing each beginning once.
    """

    def links(self) -> Links: ...


class SearchSpace(Protocol):
    """A search space as values; see `gapless.testing.spaces` for what holds of every one.

    A space whose networks can send a part of the channels through operations (`Shape.partial`) has a class
    attribute ``partial = True``; stages that want it are refused on any other.

    A space whose networks cannot share weights has a class attribute ``shared = False``. Its ``network``
    builds stand-alone networks only, from choices that leave one architecture, and raises `BadValue`
    otherwise; it is explored, never searched by a super-network.

    A space in which sizes of an operation share one tensor has a class attribute ``sliced = True``: tensors
    of a sub-network may be smaller than the super-network's of that name, whose `window` they are then.

    A space may have ``conflicts(recipe, stage) -> Iterable[str]``, what it says against a stage, and
    ``dry_run(shape, image)``, which raises `BadValue` where its networks cannot compute such images.
    """

    @property
    def name(self) -> str: ...

    @property
    def summary(self) -> str:
        """One sentence."""
        ...

    @property
    def choices(self) -> Space: ...

    @property
    def presets(self) -> Mapping[str, Preset]:
        """``paper``: as published; ``quick``: for two cores."""
        ...

    def size(self) -> int:
        """Number of architectures, exact."""
        ...

    def network(self, choices: Space, shape: Shape, image: ImageShape) -> nn.Module:
        """The network that holds every operation of ``choices``; call it as a `Network`."""
        ...

    def drawing(self, arch: Arch) -> list[dict[str, Any]]:
        """Panels with ``title``, ``nodes`` (id, label, kind) and ``edges`` (from, to, label)."""
        ...

    def text(self, arch: Arch) -> str:
        """The architecture in the notation of the space's own literature, on one line."""
        ...


def shares(space: SearchSpace) -> bool:
    """Whether the space has a super-network."""
    return bool(getattr(space, "shared", True))


def sliced(space: SearchSpace) -> bool:
    """Whether a sub-network's tensors may be windows of the super-network's."""
    return bool(getattr(space, "sliced", False))


def shares_tensor(space: SearchSpace, whole: torch.Size, part: torch.Size) -> bool:
    """Whether a tensor of a sub-network can be one of the super-network, or where sliced a window of it."""
    if not sliced(space):
        return whole == part
    return len(whole) == len(part) and all(n <= m for n, m in zip(part, whole, strict=True))


def subnet(space: SearchSpace, arch: Arch, shape: Shape, image: ImageShape) -> nn.Module:
    """The stand-alone network of one architecture, freshly initialised."""
    return space.network(space.choices.only(arch), shape, image)


def inherit(space: SearchSpace, net: nn.Module, arch: Arch, shape: Shape, image: ImageShape) -> nn.Module:
    """The stand-alone network of one architecture with copies of a super-network's weights and statistics.

    Raises:
        BadValue: the super-network is of another shape, or lacks what the architecture needs.
    """
    reference, parent = next(net.parameters()), net.state_dict()
    with seeded(0):  # every number that is drawn here is overwritten
        child = subnet(space, arch, shape, image).to(device=reference.device, dtype=reference.dtype)
    for name, own in child.state_dict().items():
        if name not in parent or not shares_tensor(space, parent[name].shape, own.shape):
            there = f"of {tuple(parent[name].shape)} in it" if name in parent else "missing in it"
            raise BadValue(
                expected=f"a super-network of '{space.name}' with '{name}' of {tuple(own.shape)}",
                got=f"'{name}' {there}",
                do="give the shape and an architecture of the choices that it was built with",
            )
    child.load_state_dict({name: window(parent[name], own.shape) for name, own in child.state_dict().items()})
    return child.train(net.training)


@dataclass(frozen=True)
class Slot:
    """Where a leaf choice finds its gate values, and which options it has."""

    group: str
    row: int
    columns: Mapping[str, int]
    options: tuple[str, ...]

    @property
    def present(self) -> tuple[int, ...]:
        """Columns of those options."""
        return tuple(self.columns[option] for option in self.options)


def slots(choices: Space) -> dict[Path, Slot]:
    """Path of each leaf choice to its `Slot`: what a builder asks of a space."""
    table = {}
    for group in choices.groups():
        columns = {option: i for i, option in enumerate(group.options)}
        for row, path in enumerate(group.rows):
            options = tuple(o for o, has in zip(group.options, group.mask[row], strict=True) if has)
            table[path] = Slot(group.name, row, columns, options)
    return table
