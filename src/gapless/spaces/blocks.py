"""Spaces of cells that are made of blocks, without a super-network: what nasnet, pnas and amoebanet share.

Block b of a cell is state 2 + b; it takes two states before it, each through an operation, and combines
what comes out. `gapless.nets.block_network` computes the cells.

Two ways of counting such cells are in use, and both are here. With B blocks, C1 operations and C2 ways to
combine, a cell is one of

    ordered    prod_{b=1..B} (b + 1)^2 C1^2 C2             a block is (state, operation, state, operation,
                                                           combine), and may read one state twice; as
                                                           published
    distinct   prod_{b=1..B} (b + 1 choose 2) C1^2 C2      the two states differ and their order is not
                                                           counted: (C1^2 C2)^B C3 of the survey

Among the ordered cells many compute the same: exchanging the sides of a sum changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, cast, get_args

from torch import nn

from gapless.core import Arch, Choice, Space
from gapless.core.errors import BadValue, UnknownName
from gapless.data.shape import ImageShape
from gapless.nets import block_operations, operations
from gapless.nets.block_network import Block, BlockNetwork, Combine, Plan, unread
from gapless.spaces.cell_drawing import panel
from gapless.spaces.contract import Shape

Inputs = Literal["ordered", "distinct"]
Cells = Mapping[str, Sequence[Block]]


def builders(pool_norm: bool) -> dict[str, operations.Build]:
    """Every operation of a block."""
    return {
        "skip_connect": block_operations.identity,
        "conv_1x1": operations.relu_conv_norm(1),
        "conv_3x3": block_operations.bottleneck(3),
        "conv_1x3_3x1": block_operations.rectangular(3, 3 / 8),
        "conv_1x7_7x1": block_operations.rectangular(7),
        "dilated_conv_3x3": block_operations.bottleneck(3, dilation=2),
        "dil_conv_3x3": operations.dilated(3),
        "sep_conv_3x3": operations.separable(3),
        "sep_conv_5x5": operations.separable(5),
        "sep_conv_7x7": operations.separable(7),
        "avg_pool_3x3": block_operations.pooled("avg", 3, pool_norm),
        "max_pool_3x3": block_operations.pooled("max", 3, pool_norm),
        "max_pool_5x5": block_operations.pooled("max", 5, pool_norm),
        "max_pool_7x7": block_operations.pooled("max", 7, pool_norm),
    }


@dataclass(frozen=True)
class BlockSpace:
    """One cell, or a normal and a reduction cell, of so many blocks.

    A subclass says which operations and combinations there are, which cells, and what leaves them.

    Args:
        blocks: of a cell.
        inputs: ``ordered`` or ``distinct``, see above.
        operations: those a block may have.

    Raises:
        BadValue: no blocks.
        UnknownName: no such operation or way of counting.
    """

    blocks: int = 5
    inputs: Inputs = "ordered"
    operations: tuple[str, ...] = ()
    name: str = ""
    summary: str = ""

    shared: ClassVar[bool] = False
    kinds: ClassVar[tuple[str, ...]] = ("normal", "reduce")
    combines: ClassVar[tuple[Combine, ...]] = ("add",)
    all_leave: ClassVar[bool] = False
    """Whether every block leaves the cell, or those alone that no block reads."""
    extra_reductions: ClassVar[bool] = True
    """Whether reduction cells stand between the stages, or are the first cells of the later ones."""

    def __post_init__(self) -> None:
        if self.blocks < 1:
            raise BadValue(expected="a cell of at least 1 block", got=f"{self.blocks}", do="raise blocks")
        if self.inputs not in get_args(Inputs):
            raise UnknownName("way of counting inputs", self.inputs, get_args(Inputs))
        for operation in self.operations:
            if operation not in builders(False):
                raise UnknownName("operation of a block", operation, builders(False))

    @cached_property
    def choices(self) -> Space:
        nodes = [(kind, node) for kind in self.kinds for node in range(2, 2 + self.blocks)]
        return Space(tuple(choice for kind, node in nodes for choice in self._block(kind, node)))

    def _block(self, kind: str, node: int) -> list[Choice]:
        name, named = f"{kind}/{node}", dict.fromkeys(self.operations)
        sources = [str(source) for source in range(node)]
        if self.inputs == "distinct":
            side = Space((Choice("op", named, group=f"{kind}/op"),))
            choices = [Choice(name, dict.fromkeys(sources, side), pick=2)]
        else:
            choices = [
                Choice(f"{name}/{what}{i}", options, group=f"{kind}/{what}", node=name)
                for i in (0, 1)
                for what, options in (("input", dict.fromkeys(sources)), ("op", named))
            ]
        if len(self.combines) > 1:
            ways: dict[str, Space | None] = dict.fromkeys(self.combines)
            choices.append(Choice(f"{name}/combine", ways, group=f"{kind}/combine", node=name))
        return choices

    def size(self) -> int:
        return self.choices.size()

    def cell(self, arch: Arch, kind: str) -> tuple[Block, ...]:
        """The blocks of one of the cells of an architecture."""
        return tuple(self._read(arch, f"{kind}/{node}") for node in range(2, 2 + self.blocks))

    def _read(self, arch: Arch, name: str) -> Block:
        if self.inputs == "distinct":
            first, second = sorted((int(source), inner.option("op")) for source, inner in arch[name].items())
        else:
            first, second = (
                (int(arch.option(f"{name}/input{i}")), arch.option(f"{name}/op{i}")) for i in (0, 1)
            )
        combine = arch.option(f"{name}/combine") if len(self.combines) > 1 else self.combines[0]
        return Block((first[0], second[0]), (first[1], second[1]), cast(Combine, combine))

    def of(self, cells: Cells) -> Arch:
        """The architecture of these blocks, by the kind of the cell.

        Raises:
            BadValue: it is not one of this space.
        """
        picks: dict[str, Any] = {}
        for kind, blocks in cells.items():
            for node, block in enumerate(blocks, start=2):
                sides = [(str(s), o) for s, o in zip(block.states, block.operations, strict=True)]
                if self.inputs == "distinct":
                    picks[f"{kind}/{node}"] = {source: {"op": operation} for source, operation in sides}
                for i, (source, operation) in enumerate(sides if self.inputs == "ordered" else ()):
                    picks |= {f"{kind}/{node}/input{i}": source, f"{kind}/{node}/op{i}": operation}
                if len(self.combines) > 1:
                    picks[f"{kind}/{node}/combine"] = block.combine
        arch = Arch.of(picks)
        self.choices.check(arch)
        return arch

    def plan(self, arch: Arch, kind: str) -> Plan:
        """What a cell of an architecture computes."""
        blocks = self.cell(arch, kind)
        return Plan(blocks, tuple(range(2, 2 + len(blocks))) if self.all_leave else unread(blocks))

    def network(self, choices: Space, shape: Shape, image: ImageShape) -> nn.Module:
        """``shape.depth`` counts the cells of a stage, without reduction cells that stand between stages.

        Raises:
            BadValue: more than one architecture, a depth below 1, or partial channels.
        """
        if choices.size() != 1:
            raise BadValue(
                expected=f"one architecture of space '{self.name}', which has no super-network",
                got=f"choices of {choices.size():,}",
                do="give choices.only(arch)",
            )
        if shape.depth < 1 or shape.partial > 1:
            raise BadValue(
                expected="a depth of at least 1 cell a stage, and partial of 1",
                got=f"depth {shape.depth}, partial {shape.partial}",
                do="correct Shape",
            )
        normal, reduce = (self.plan(choices.at(0), kind) for kind in (self.kinds[0], self.kinds[-1]))
        return BlockNetwork(
            normal, reduce, builders(shape.pool_norm), shape.depth, shape.channels, shape.affine, image,
            self.extra_reductions,
        )  # fmt: skip

    def drawing(self, arch: Arch) -> list[dict[str, Any]]:
        """One panel a cell; a block that concatenates says so."""
        return [self._panel(arch, kind) for kind in self.kinds]

    def _panel(self, arch: Arch, kind: str) -> dict[str, Any]:
        plan = self.plan(arch, kind)
        entering = {
            node: [(str(s), o) for s, o in zip(block.states, block.operations, strict=True)]
            for node, block in enumerate(plan.blocks, start=2)
        }
        title = {"normal": "normal cell", "reduce": "reduction cell"}.get(kind, kind)
        drawn = panel(title, entering, plan.leaving)
        for node, block in zip(drawn["nodes"][2:-1], plan.blocks, strict=True):
            node["label"] += " concat" if block.combine == "concat" else ""
        return drawn

    def text(self, arch: Arch) -> str:
        """``normal: 2 = add(0 sep_conv_3x3, 1 skip_connect), ...; reduce: ...``"""

        def written(node: int, block: Block) -> str:
            sides = zip(block.states, block.operations, strict=True)
            return f"{node} = {block.combine}({', '.join(f'{s} {o}' for s, o in sides)})"

        def cell(kind: str) -> str:
            return ", ".join(written(n, block) for n, block in enumerate(self.cell(arch, kind), start=2))

        return "; ".join(f"{kind}: {cell(kind)}" for kind in self.kinds)
