"""The DARTS cell space times activation functions (Wang et al. 2019, arXiv 1912.13256).

An edge has an operation of the DARTS space and, after it, an activation function: two choices side by
side, so that M operations and N activations cost M operations, where a single choice would have M N.
The two are ``op`` and ``act``, rows of the groups ``normal`` and ``normal-activation``, and of the same
of ``reduce``.

Where the paper applies activations, and which, could not be checked; after the operation, and the four
here, is our reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from gapless.core import Arch, Choice, Path, Space
from gapless.core.errors import UnknownName
from gapless.data.shape import ImageShape
from gapless.nets.cell import Cell
from gapless.nets.cell_network import Place
from gapless.nets.factored import ACTIVATIONS, Factored, FactoredNetwork, second
from gapless.nets.partial import on_part, part_of
from gapless.spaces.cell_drawing import panel
from gapless.spaces.contract import Shape, Slot
from gapless.spaces.darts import KINDS, Darts, builders


def cell(place: Place, table: Mapping[tuple[str, ...], Slot], nodes: int, shape: Shape) -> tuple[str, Cell]:
    """The normal or the reduction cell of a place."""
    kind, build = KINDS[place.reduces], builders(shape.pool_norm)
    part, edges = part_of(place.channels, shape.partial), {}
    for path, slot in table.items():
        node, source, which = path
        slot_kind, target = node.split("/")
        if slot_kind != kind or which != "op":
            continue
        stride = 2 if place.reduces and int(source) < 2 else 1
        modules = {o: build[o](part, part, stride, shape.affine) for o in slot.options if o in build}
        other = table[node, source, "act"]
        activations = {name: other.columns[name] for name in other.options}
        mixed = Factored(modules, slot.row, slot.columns, slot.group, activations, other.row)
        edges[int(source), int(target)] = on_part(mixed, slot.present, shape.partial, stride)
    return kind, Cell(place.first, place.second, edges, nodes, place.channels, 1 + place.reduces)


@dataclass(frozen=True)
class DartsFactorised(Darts):
    """The DARTS space with an activation function after each operation.

    Its size is that of the DARTS space with as many operations as there are pairs: for each cell the product
    over nodes of ``n (n - 1) / 2 * (M N)^2``, n being the states before the node.

    Args:
        activations: those an architecture may have, of `gapless.nets.factored.ACTIVATIONS`.

    Raises:
        UnknownName: an activation that there is not.
    """

    name: str = "darts-factorised"
    summary: str = "the darts space with 1 of 4 activation functions after each operation"
    activations: tuple[str, ...] = tuple(ACTIVATIONS)

    def __post_init__(self) -> None:
        for name in self.activations:
            if name not in ACTIVATIONS:
                raise UnknownName("activation function", name, ACTIVATIONS)

    def _node(self, kind: str, node: int) -> Choice:
        (edge,) = set(super()._node(kind, node).options.values())
        assert edge is not None
        act = Choice("act", dict.fromkeys(self.activations), group=second(kind))
        both = Space((*edge.choices, act))
        return Choice(f"{kind}/{node}", {str(source): both for source in range(node)}, pick=2)

    def _stacked(self, table: Mapping[Path, Slot], shape: Shape, image: ImageShape) -> nn.Module:
        return FactoredNetwork(
            shape.depth, self.nodes, shape.channels, shape.affine, image,
            lambda place: cell(place, table, self.nodes, shape),
        )  # fmt: skip

    def _entering(self, kind: str, arch: Arch) -> dict[int, list[tuple[str, str]]]:
        """Source, and operation with activation, of what enters each node."""
        return {
            node: [
                (source, f"{inner.option('op')} {inner.option('act')}")
                for source, inner in sorted(arch[f"{kind}/{node}"].items())
            ]
            for node in range(2, 2 + self.nodes)
        }

    def _panel(self, kind: str, arch: Arch) -> dict[str, Any]:
        return panel(f"{'reduction' if kind == 'reduce' else kind} cell", self._entering(kind, arch))

    def text(self, arch: Arch) -> str:
        """``normal: 2<-0 sep_conv_3x3 swish, ...``"""
        return "; ".join(
            f"{kind}: "
            + ", ".join(
                f"{node}<-{source} {pair}"
                for node, pairs in self._entering(kind, arch).items()
                for source, pair in pairs
            )
            for kind in KINDS
        )
