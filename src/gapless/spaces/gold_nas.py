"""The GOLD-NAS cell space (Bi et al. 2020; sunsmarterjie/GOLD_NAS, cifar_search/model_search.py).

A cell has two inputs and four nodes, as in the DARTS space; every earlier state may enter a node through
a skip, through a separable convolution, or through both, and a node has any of these but not none of them.
Every cell is searched for itself, so the number of cells is a part of the space. Cells at a third and two
thirds are reduction cells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from torch import nn

from gapless.core import Arch, Choice, Cosine, Space
from gapless.core.errors import BadValue
from gapless.core.training import Optim, Training
from gapless.data.shape import ImageShape
from gapless.nets import operations
from gapless.nets.cell import Cell
from gapless.nets.cell_network import CellNetwork, Place, reductions
from gapless.nets.mixed import Mixed
from gapless.spaces.cell_drawing import panel
from gapless.spaces.contract import Preset, Shape, Slot, slots

BUILD: Mapping[str, operations.Build] = {
    "skip_connect": operations.skip,
    "sep_conv_3x3": operations.separable(3),
}


def pair(source: int, operation: str) -> str:
    """The option that is an operation on the edge from an earlier state."""
    return f"{source}:{operation}"


def unpaired(option: str) -> tuple[str, str]:
    """Source and operation of such an option."""
    source, _, operation = option.partition(":")
    return source, operation


def cell(place: Place, table: Mapping[tuple[str, ...], Slot], nodes: int, affine: bool) -> tuple[str, Cell]:
    """The cell of a place, which has choices of its own."""
    name, c, edges = f"cell{place.number}", place.channels, {}
    for target in range(2, 2 + nodes):
        slot = table[(f"{name}/{target}",)]
        for source in range(target):
            there = [operation for operation in BUILD if pair(source, operation) in slot.options]
            if not there:
                continue
            stride = 2 if place.reduces and source < 2 else 1
            modules = {o: BUILD[o](c, c, stride, affine) for o in there}
            columns = {o: slot.columns[pair(source, o)] for o in there}
            edges[source, target] = Mixed(modules, slot.row, columns, slot.group)
    return name, Cell(place.first, place.second, edges, nodes, c, 1 + place.reduces)


@dataclass(frozen=True)
class GoldNas:
    """The GOLD-NAS space.

    Args:
        cells: of the network; each has choices of its own.
        nodes: intermediate nodes of a cell.
    """

    cells: int = 14
    nodes: int = 4
    name: str = "gold-nas"
    summary: str = (
        "14 cells, each its own: a node has any non-empty set of skips and 3x3 separable convolutions"
    )

    def __post_init__(self) -> None:
        if self.cells < 1 or self.nodes < 1:
            raise BadValue(
                expected="a space of at least 1 cell with at least 1 node",
                got=f"{self.cells} cells, {self.nodes} nodes",
                do="raise them",
            )

    @cached_property
    def choices(self) -> Space:
        return Space(
            tuple(self._node(f"cell{i}", n) for i in range(self.cells) for n in range(2, 2 + self.nodes))
        )

    def _node(self, cell: str, node: int) -> Choice:
        options = dict.fromkeys(pair(source, operation) for source in range(node) for operation in BUILD)
        return Choice(f"{cell}/{node}", options, pick=(1, len(options)), group=cell)

    @cached_property
    def presets(self) -> Mapping[str, Preset]:
        """``paper``: 36 channels to search and to deploy; the training is that of the DARTS space."""
        decay = Optim(lr=Cosine(0.025), weight_decay=3e-4, clip=5.0)
        quick = Optim(lr=Cosine(0.05, 1e-4), weight_decay=3e-4, clip=5.0)
        return {
            "paper": Preset(
                search=Shape(36, affine=False),
                deploy=Shape(36),
                training=Training(600, 96, decay, cutout=16, drop_path=0.2, auxiliary=0.4),
            ),
            "quick": Preset(search=Shape(4, affine=False), deploy=Shape(4), training=Training(20, 64, quick)),
        }

    def size(self) -> int:
        return self.choices.size()

    def network(self, choices: Space, shape: Shape, image: ImageShape) -> nn.Module:
        """Raises:
        BadValue: a depth that is neither 0 nor the number of cells, or partial channels.
        """
        if shape.depth not in (0, self.cells) or shape.partial > 1:
            raise BadValue(
                expected=f"a depth of 0 or {self.cells}, the cells of space '{self.name}', and partial of 1",
                got=f"depth {shape.depth}, partial {shape.partial}",
                do="leave them out; every cell of this space has choices of its own",
            )
        table = slots(choices)
        return CellNetwork(
            self.cells, self.nodes, shape.channels, shape.affine, image,
            lambda place: cell(place, table, self.nodes, shape.affine),
        )  # fmt: skip

    def drawing(self, arch: Arch) -> list[dict[str, Any]]:
        return [self._panel(i, arch) for i in range(self.cells)]

    def _panel(self, cell: int, arch: Arch) -> dict[str, Any]:
        entering = {
            node: [unpaired(option) for option in arch[f"cell{cell}/{node}"]]
            for node in range(2, 2 + self.nodes)
        }
        return panel(f"cell {cell}{', reduction' if cell in reductions(self.cells) else ''}", entering)

    def text(self, arch: Arch) -> str:
        """``cell 0: 2<-0 sep_conv_3x3, ...; cell 1: ...``"""

        def cell(i: int) -> str:
            return ", ".join(
                f"{node}<-{option.replace(':', ' ')}"
                for node in range(2, 2 + self.nodes)
                for option in arch[f"cell{i}/{node}"]
            )

        return "; ".join(f"cell {i}: {cell(i)}" for i in range(self.cells))
