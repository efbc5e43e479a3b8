"""The mutations of Large-Scale Evolution of Image Classifiers (Real et al. 2017, section 3.2).

An action takes the layers of a network and gives new ones, or None where it cannot be done. What comes of
it is packed: layers take the first slots, in order, and `Mutant.origin` says which layer was which.

Deviation: a number is drawn from those of the space's list between half and twice the present one, and the
next below and above; the paper draws any number between half and twice. Removing a layer removes its skips.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from gapless.core import Arch
from gapless.spaces.evonet import ACTIVATIONS, Conv, Evonet, Layer

NEW = -1
"""The slot of a layer that the parent does not have."""

T = TypeVar("T")
Layers = Sequence[Layer]
Action = Callable[[Evonet, Layers, np.random.Generator], "list[Layer] | None"]


@dataclass(frozen=True)
class Mutant:
    """What an action made.

    Args:
        action: its name.
        arch: the child.
        origin: for each slot of the child that its parent has too, the slot there.
    """

    action: str
    arch: Arch
    origin: Mapping[int, int]


def near(values: Sequence[int], value: int) -> list[int]:
    """Those of a rising list that a mutation may turn a value into."""
    i = values.index(value)
    around = {*values[max(i - 1, 0) : i + 2], *(v for v in values if value <= 2 * v and v <= 2 * value)}
    return sorted(around - {value})


def _one_of(values: Sequence[T], rng: np.random.Generator) -> T:
    return values[int(rng.integers(len(values)))]


def _inserted(space: Evonet, layers: Layers, conv: bool, rng: np.random.Generator) -> list[Layer] | None:
    """A layer at a random place of the backbone; a convolution is 3x3 and has the channels it is given.

    Deviation: at the image that is the fewest channels of the space.
    """
    if len(layers) == space.layers:
        return None
    place = int(rng.integers(len(layers) + 1))
    before = [layer.conv.channels for layer in layers[:place] if layer.conv]
    strides = [stride for stride in space.strides if stride <= 2]
    own = Conv(3, 3, [space.channels[0], *before][-1], _one_of(strides, rng)) if conv else None
    return [*layers[:place], Layer(NEW, own, _one_of(ACTIVATIONS, rng)), *layers[place:]]


def insert_convolution(space: Evonet, layers: Layers, rng: np.random.Generator) -> list[Layer] | None:
    return _inserted(space, layers, True, rng)


def insert_one_to_one(space: Evonet, layers: Layers, rng: np.random.Generator) -> list[Layer] | None:
    return _inserted(space, layers, False, rng)


def _altered(
    layers: Layers, names: Mapping[str, Sequence[int]], rng: np.random.Generator
) -> list[Layer] | None:
    """One number of one convolution, both random, becomes another that is near."""
    convs = [(i, layer.conv) for i, layer in enumerate(layers) if layer.conv]
    if not convs:
        return None
    i, conv = _one_of(convs, rng)
    name = _one_of(list(names), rng)
    others = near(names[name], getattr(conv, name))
    if not others:
        return None
    altered = replace(layers[i], conv=replace(conv, **{name: _one_of(others, rng)}))
    return [*layers[:i], altered, *layers[i + 1 :]]


def remove_convolution(_space: Evonet, layers: Layers, rng: np.random.Generator) -> list[Layer] | None:
    convs = [layer for layer in layers if layer.conv]
    gone = _one_of(convs, rng) if convs else None
    return [layer for layer in layers if layer is not gone] if gone else None


def alter_stride(space: Evonet, layers: Layers, rng: np.random.Generator) -> list[Layer] | None:
    return _altered(layers, {"stride": space.strides}, rng)


def alter_number_of_channels(space: Evonet, layers: Layers, rng: np.random.Generator) -> list[Layer] | None:
    return _altered(layers, {"channels": space.channels}, rng)


def filter_size(space: Evonet, layers: Layers, rng: np.random.Generator) -> list[Layer] | None:
    """Height or width."""
    return _altered(layers, {"height": space.kernels, "width": space.kernels}, rng)


def add_skip(_space: Evonet, layers: Layers, rng: np.random.Generator) -> list[Layer] | None:
    slots = [0, *(layer.slot for layer in layers)]
    free = [(i, slot) for i, to in enumerate(layers) for slot in slots[: i + 1] if slot not in to.skips]
    if not free:
        return None
    i, slot = _one_of(free, rng)
    changed = replace(layers[i], skips=(*layers[i].skips, slot))
    return [*layers[:i], changed, *layers[i + 1 :]]


def remove_skip(_space: Evonet, layers: Layers, rng: np.random.Generator) -> list[Layer] | None:
    there = {0, *(layer.slot for layer in layers)}
    skips = [(i, slot) for i, layer in enumerate(layers) for slot in layer.skips if slot in there]
    if not skips:
        return None
    i, slot = _one_of(skips, rng)
    changed = replace(layers[i], skips=tuple(s for s in layers[i].skips if s != slot))
    return [*layers[:i], changed, *layers[i + 1 :]]


ACTIONS: Mapping[str, Action] = {
    action.__name__: action
    for action in (
        insert_convolution, remove_convolution, alter_stride, alter_number_of_channels, filter_size,
        insert_one_to_one, add_skip, remove_skip,
    )
}  # fmt: skip


def packed(space: Evonet, layers: Layers) -> tuple[Arch, dict[int, int]]:
    """The architecture of layers in order, and its origin; skips from slots that are gone are dropped."""
    place = {0: 0} | {layer.slot: j for j, layer in enumerate(layers, 1) if layer.slot != NEW}
    moved = [
        replace(layer, slot=j, skips=tuple(place[s] for s in layer.skips if s in place))
        for j, layer in enumerate(layers, 1)
    ]
    return space.encoded(moved), {j: slot for slot, j in place.items() if j}


def actions(space: Evonet, arch: Arch, rng: np.random.Generator) -> dict[str, Mutant]:
    """For each action that can be done, one child that it makes.

    Raises:
        BadValue: the architecture is not one of the space.
    """
    space.choices.check(arch)
    made = {name: act(space, space.decoded(arch), rng) for name, act in ACTIONS.items()}
    return {name: Mutant(name, *packed(space, layers)) for name, layers in made.items() if layers is not None}


def mutant(space: Evonet, arch: Arch, rng: np.random.Generator) -> Mutant:
    """The child of one action, each that can be done with equal probability.

    Raises:
        BadValue: the architecture is not one of the space.
    """
    return _one_of(list(actions(space, arch, rng).values()), rng)
