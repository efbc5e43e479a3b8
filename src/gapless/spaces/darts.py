"""The DARTS cell space (Liu, Simonyan & Yang 2019, section 2.1; quark0/darts, cnn/model_search.py).

A cell has two inputs and four nodes; node i takes 2 of the i earlier states, each through one of seven
operations; the output concatenates the nodes. One normal and one reduction cell are searched. The
super-network has ``none`` as an eighth operation. ``depth`` counts cells; those at a third and two
thirds are reduction cells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from torch import nn

from gapless.core import Arch, Choice, Cosine, Path, Space
from gapless.core.errors import BadValue
from gapless.core.training import Optim, Training
from gapless.data.shape import ImageShape
from gapless.nets import operations
from gapless.nets.cell import Cell
from gapless.nets.cell_network import CellNetwork, Place
from gapless.nets.mixed import Mixed
from gapless.nets.noise import Noise
from gapless.nets.partial import on_part, part_of
from gapless.spaces.cell_drawing import panel
from gapless.spaces.contract import Preset, Shape, Slot, slots

OPERATIONS = (
    "max_pool_3x3", "avg_pool_3x3", "skip_connect",
    "sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5",
)  # fmt: skip
KINDS = ("normal", "reduce")


def builders(pool_norm: bool) -> dict[str, operations.Build]:
    return {
        "max_pool_3x3": operations.pool("max", pool_norm),
        "avg_pool_3x3": operations.pool("avg", pool_norm),
        "skip_connect": operations.skip,
        "sep_conv_3x3": operations.separable(3),
        "sep_conv_5x5": operations.separable(5),
        "dil_conv_3x3": operations.dilated(3),
        "dil_conv_5x5": operations.dilated(5),
        "noise": lambda _c_in, _c_out, stride, _affine: Noise(stride),
    }


def cell(place: Place, table: Mapping[tuple[str, ...], Slot], nodes: int, shape: Shape) -> tuple[str, Cell]:
    """The normal or the reduction cell of a place."""
    kind, build = KINDS[place.reduces], builders(shape.pool_norm)
    part, edges = part_of(place.channels, shape.partial), {}
    for (choice, source, _), slot in table.items():
        slot_kind, target = choice.split("/")
        if slot_kind != kind:
            continue
        stride = 2 if place.reduces and int(source) < 2 else 1
        modules = {o: build[o](part, part, stride, shape.affine) for o in slot.options if o in build}
        mixed = Mixed(modules, slot.row, slot.columns, slot.group)
        edges[int(source), int(target)] = on_part(mixed, slot.present, shape.partial, stride)
    return kind, Cell(place.first, place.second, edges, nodes, place.channels, 1 + place.reduces)


@dataclass(frozen=True)
class Darts:
    """The DARTS space.

    Args:
        nodes: intermediate nodes of a cell.
        operations: those an architecture may have.
        none: whether the super-network has ``none`` beside them.
    """

    nodes: int = 4
    operations: tuple[str, ...] = OPERATIONS
    none: bool = True
    name: str = "darts"
    summary: str = "two cells (normal and reduction), each node 2 earlier states through 1 of 7 operations"
    partial: ClassVar[bool] = True

    @cached_property
    def choices(self) -> Space:
        return Space(tuple(self._node(kind, i) for kind in KINDS for i in range(2, 2 + self.nodes)))

    def _node(self, kind: str, node: int) -> Choice:
        extra = ("none",) if self.none else ()
        edge = Space((Choice("op", dict.fromkeys(self.operations), group=kind, relaxed_only=extra),))
        return Choice(f"{kind}/{node}", {str(source): edge for source in range(node)}, pick=2)

    @cached_property
    def presets(self) -> Mapping[str, Preset]:
        """``paper``: 8 cells of 16 channels to search, 20 of 36 to deploy, 600 epochs (section 3.1, A.1).
        The weight of the auxiliary head is that of quark0/darts, cnn/train.py.
        """
        decay = Optim(lr=Cosine(0.025), weight_decay=3e-4, clip=5.0)
        quick = Optim(lr=Cosine(0.05, 1e-4), weight_decay=3e-4, clip=5.0)
        return {
            "paper": Preset(
                search=Shape(16, 8, affine=False, pool_norm=True),
                deploy=Shape(36, 20),
                training=Training(600, 96, decay, cutout=16, drop_path=0.2, auxiliary=0.4),
            ),
            "quick": Preset(
                search=Shape(8, 3, affine=False, pool_norm=True),
                deploy=Shape(16, 3),
                training=Training(20, 64, quick),
            ),
        }

    def size(self) -> int:
        return self.choices.size()

    def network(self, choices: Space, shape: Shape, image: ImageShape) -> nn.Module:
        """Raises:
        BadValue: a depth below 1, or channels that ``shape.partial`` does not divide.
        """
        if shape.depth < 1:
            raise BadValue(
                expected="a depth of at least 1 cell", got=f"{shape.depth}", do="give Shape a depth"
            )
        return self._stacked(slots(choices), shape, image)

    def _stacked(self, table: Mapping[Path, Slot], shape: Shape, image: ImageShape) -> nn.Module:
        return CellNetwork(
            shape.depth, self.nodes, shape.channels, shape.affine, image,
            lambda place: cell(place, table, self.nodes, shape),
        )  # fmt: skip

    def drawing(self, arch: Arch) -> list[dict[str, Any]]:
        return [self._panel(kind, arch) for kind in KINDS]

    def _panel(self, kind: str, arch: Arch) -> dict[str, Any]:
        entering = {
            node: [(source, inner.option("op")) for source, inner in arch[f"{kind}/{node}"].items()]
            for node in range(2, 2 + self.nodes)
        }
        return panel(f"{'reduction' if kind == 'reduce' else kind} cell", entering)

    def text(self, arch: Arch) -> str:
        """``normal: 2<-0 sep_conv_3x3, ...``"""

        def cell(kind: str) -> str:
            return ", ".join(
                f"{node}<-{source} {inner.option('op')}"
                for node in range(2, 2 + self.nodes)
                for source, inner in sorted(arch[f"{kind}/{node}"].items())
            )

        return "; ".join(f"{kind}: {cell(kind)}" for kind in KINDS)
