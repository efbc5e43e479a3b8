"""Cells of blocks, and the network that stacks them in three stages.

A block takes two earlier states of its cell, each through an operation, and adds or concatenates what comes
out. States 0 and 1 are the outputs of the cell before the last and of the last, block b is state 2 + b. The
states that leave the cell are concatenated. Zoph et al. 2018 (NASNet), section 3; tensorflow/models,
research/slim/nets/nasnet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

import torch
from torch import nn
from torch.nn import functional

from gapless.data.shape import ImageShape
from gapless.nets import fast, operations
from gapless.nets.gate import Mix
from gapless.nets.mixed import dropped, pooled_logits

Combine = Literal["add", "concat"]
Table = Mapping[str, operations.Build]

STAGES = 3


@dataclass(frozen=True)
class Block:
    """``combine(operation_0(state_0), operation_1(state_1))``.

    Args:
        states: that are read, perhaps the same twice.
        operations: of each.
        combine: ``add``, or ``concat`` along channels, which doubles them.
    """

    states: tuple[int, int]
    operations: tuple[str, str]
    combine: Combine = "add"


@dataclass(frozen=True)
class Plan:
    """What a cell computes.

    Args:
        blocks: from first to last.
        leaving: states whose concatenation leaves the cell, in this order.
    """

    blocks: tuple[Block, ...]
    leaving: tuple[int, ...]


def unread(blocks: tuple[Block, ...]) -> tuple[int, ...]:
    """The blocks that no block reads, as states; the last is always one."""
    read = {state for block in blocks for state in block.states}
    return tuple(state for state in range(2, 2 + len(blocks)) if state not in read)


class BlockCell(nn.Module):
    """`n x c_prev_prev x h x w` and `n x c_prev x h' x w'` to `n x out_channels x h'' x w''`.

    An input that nothing reads has no module.

    Args:
        inputs: channels of the two outputs before, and whether the first of them is twice as large.
        channels: of a block that adds.
        stride: of the operations that read the inputs.
    """

    def __init__(
        self, plan: Plan, table: Table, inputs: tuple[int, int, bool],
        channels: int, stride: int, affine: bool,
    ) -> None:  # fmt: skip
        super().__init__()
        self.plan = plan
        before, last, halved = inputs
        kept = {state for block in plan.blocks for state in block.states} | set(plan.leaving)
        self.inputs = nn.ModuleDict()
        if 0 in kept:
            self.inputs["0"] = (
                operations.FactorizedReduce(before, channels, affine)
                if halved
                else operations.relu_conv_norm(1)(before, channels, 1, affine)
            )
        if 1 in kept:
            self.inputs["1"] = operations.relu_conv_norm(1)(last, channels, 1, affine)
        wide, self.blocks = [channels, channels], nn.ModuleList()
        for block in plan.blocks:
            sides = zip(block.states, block.operations, strict=True)
            self.blocks.append(
                nn.ModuleList(
                    table[name](wide[state], channels, stride if state < 2 else 1, affine)
                    for state, name in sides
                )
            )
            wide.append(channels * (2 if block.combine == "concat" else 1))
        self.shrink = nn.ModuleDict(
            {str(s): operations.skip(channels, channels, stride, affine) for s in plan.leaving if s < 2}
        )
        self.out_channels = sum(wide[state] for state in plan.leaving)

    def forward(self, s0: torch.Tensor, s1: torch.Tensor, drop_path: float = 0.0) -> torch.Tensor:
        """In training, ``drop_path`` drops what any operation but the identity makes of an image."""
        drop = drop_path if self.training else 0.0
        states = {int(name): module((s0, s1)[int(name)]) for name, module in self.inputs.items()}
        for number, (block, pair) in enumerate(zip(self.plan.blocks, self.blocks, strict=True)):
            sides = []
            for state, module in zip(block.states, cast(nn.ModuleList, pair), strict=True):
                y = module(states[state])
                sides.append(dropped(y, drop) if drop and not isinstance(module, nn.Identity) else y)
            joined = torch.cat(sides, dim=1) if block.combine == "concat" else sides[0] + sides[1]
            states[2 + number] = joined
        leaving = [self.shrink[str(s)](states[s]) if s < 2 else states[s] for s in self.plan.leaving]
        return torch.cat(leaving, dim=1)


class BlockNetwork(nn.Module):
    """`n x c x h x w` to logits `n x classes`.

    Deviation from the published code: the input of the first cell that stands for the cell before the last
    is converted to its channels like any other, and drop path is as strong in every cell.

    Args:
        normal: the cell that keeps the size of the image.
        reduce: the cell that halves it and doubles the channels.
        table: what builds each operation.
        depth: cells of a stage.
        channels: of a block in the first stage.
        affine: whether the BatchNorm layers of the cells have scale and shift.
        extra_reductions: whether reduction cells stand between the stages, and not as the first cells of
            the second and the third.
    """

    def __init__(
        self, normal: Plan, reduce: Plan, table: Table, depth: int, channels: int, affine: bool,
        image: ImageShape, extra_reductions: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        before = last = 3 * channels
        halved = False
        self.stem = nn.Sequential(
            nn.Conv2d(image.channels, last, 3, padding=1, bias=False), nn.BatchNorm2d(last)
        )
        self.cells = nn.ModuleList()
        self.supervises = -1
        later = [True] + [False] * (depth if extra_reductions else depth - 1)
        for reduces in [False] * depth + later * (STAGES - 1):
            channels *= 1 + reduces
            if reduces:
                self.supervises = len(self.cells) - 1
            plan, inputs = (reduce if reduces else normal), (before, last, halved)
            cell = BlockCell(plan, table, inputs, channels, 1 + reduces, affine)
            self.cells.append(cell)
            before, last, halved = last, cell.out_channels, reduces
        self.classifier = nn.Linear(last, image.classes)

    def forward(self, x: torch.Tensor, mix: Mix | None = None, drop_path: float = 0.0) -> torch.Tensor:
        """`n x c x h x w` to logits `n x classes`; a mix would have nothing to say."""
        return self.supervised(x, mix, drop_path)[0]

    def supervised(
        self, x: torch.Tensor, mix: Mix | None = None, drop_path: float = 0.0
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits, and what enters the last reduction cell (nasnet.py, ``_build_nasnet_base``)."""
        s0 = s1 = inner = self.stem(fast.laid_out(x))
        for number, cell in enumerate(self.cells):
            s0, s1 = s1, cell(s0, s1, drop_path)
            inner = s1 if number == self.supervises else inner
        return pooled_logits(functional.relu(s1), self.classifier), inner
