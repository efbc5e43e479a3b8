"""The Genetic CNN space (Xie & Yuille 2017, section 3.1): a bit for every pair of nodes of a stage.

The nodes of a stage are ordered, and a bit says whether a later node reads an earlier one. A node is a
convolution, BatchNorm and ReLU of the sum of what it reads. Every stage has two nodes more: its input node
feeds what reads no other node, its output node sums what no other node reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import torch
from torch import nn

from gapless.core import Arch, Choice, Space
from gapless.core.errors import BadValue
from gapless.core.training import Optim, Training
from gapless.data.shape import ImageShape
from gapless.nets import operations
from gapless.nets.gate import Mix
from gapless.spaces.contract import Preset, Shape
from gapless.spaces.stand_alone import sole

BITS = ("0", "1")


def pairs(nodes: int) -> list[tuple[int, int]]:
    """Pairs (earlier, later) of nodes 1 .. ``nodes``, in the order in which the paper writes their bits."""
    return [(i, j) for j in range(2, nodes + 1) for i in range(1, j)]


def reads(nodes: int, linked: Mapping[tuple[int, int], bool]) -> dict[int, tuple[int, ...]]:
    """What every node of a stage that is computed reads; 0 is the input node, ``nodes + 1`` the output node.

    Isolated nodes are dropped. Where all are, nothing but the input node is left.
    """
    sources = {j: tuple(i for i in range(1, j) if linked[i, j]) for j in range(1, nodes + 1)}
    read = {i for entering in sources.values() for i in entering}
    table: dict[int, tuple[int, ...]] = {0: ()}
    table |= {j: entering or (0,) for j, entering in sources.items() if entering or j in read}
    if len(table) > 1:
        table[nodes + 1] = tuple(j for j in table if j and j not in read)
    return table


def _convolution(c_in: int, c_out: int, kernel: int, affine: bool) -> nn.Sequential:
    conv = nn.Conv2d(c_in, c_out, kernel, padding=kernel // 2, bias=False)
    return nn.Sequential(conv, operations.norm(c_out, affine), nn.ReLU())


class Stage(nn.Module):
    """One stage before its pooling: `n x c_in x h x w` to `n x c_out x h x w`."""

    def __init__(
        self, table: Mapping[int, tuple[int, ...]], c_in: int, c_out: int, kernel: int, affine: bool
    ) -> None:
        super().__init__()
        self.table = dict(table)
        for node in table:
            self.add_module(f"node{node}", _convolution(c_out if node else c_in, c_out, kernel, affine))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states: dict[int, torch.Tensor] = {}
        for node, sources in self.table.items():
            total = sum((states[source] for source in sources[1:]), states[sources[0]]) if sources else x
            states[node] = self.get_submodule(f"node{node}")(total)
        return states[max(states)]


class StagesNetwork(nn.Module):
    """Stages, each with a 3x3 pooling of stride 2 behind it; a hidden layer with dropout; the classifier."""

    def __init__(
        self, tables: list[dict[int, tuple[int, ...]]], kernel: int, hidden: int, shape: Shape,
        image: ImageShape,
    ) -> None:  # fmt: skip
        super().__init__()
        self.stages, self.pool = nn.ModuleList(), nn.MaxPool2d(3, 2, 1)
        c_in, h, w = image.channels, image.height, image.width
        for i, table in enumerate(tables):
            c_out = shape.channels << i
            self.stages.append(Stage(table, c_in, c_out, kernel, shape.affine))
            c_in, h, w = c_out, (h + 1) // 2, (w + 1) // 2
        wide = hidden * shape.channels
        self.hidden = nn.Sequential(nn.Linear(c_in * h * w, wide), nn.ReLU(), nn.Dropout(0.5))
        self.classifier = nn.Linear(wide, image.classes)

    def forward(self, x: torch.Tensor, mix: Mix | None = None, drop_path: float = 0.0) -> torch.Tensor:
        """`n x c x h x w` to logits `n x classes`; there is no mixture and no drop path."""
        for stage in self.stages:
            x = self.pool(stage(x))
        return self.classifier(self.hidden(torch.flatten(x, 1)))  # type: ignore[no-any-return]


@dataclass(frozen=True)
class GeneticCnn:
    """The Genetic CNN space.

    The default (3, 5), 8,192 architectures, is what the paper searches on MNIST; (3, 4, 5) is its
    space for CIFAR-10. Stages double the channels. A stage is one choice with one option, so that a crossover
    exchanges whole stages, as published.

    Deviation: the pooling is padded, for images of any size. The network around the stages is the one that
    the paper has for CIFAR-10, a LeNet of 5x5 convolutions; its numbers are from memory.

    Args:
        nodes: nodes K_s of each stage, without its input and output node.
        kernel: side of every convolution, odd.
        hidden: units before the classifier, in multiples of ``Shape.channels``.

    Raises:
        BadValue: no stage, a stage without two nodes, or a kernel that is even.
    """

    nodes: tuple[int, ...] = (3, 5)
    kernel: int = 5
    hidden: int = 16
    name: str = "genetic-cnn"
    summary: str = "stages of ordered nodes, a bit for every pair of them; the space of Genetic CNN"
    shared: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not self.nodes or min(self.nodes) < 2 or self.kernel % 2 == 0 or min(self.kernel, self.hidden) < 1:
            raise BadValue(
                expected="stages of at least 2 nodes, an odd kernel and hidden units",
                got=f"nodes {self.nodes}, kernel {self.kernel}, hidden {self.hidden}",
                do="use, for example, the published nodes (3, 4, 5) and kernel 5",
            )

    @cached_property
    def choices(self) -> Space:
        stages = []
        for s, nodes in enumerate(self.nodes):
            bits = (
                Choice(f"{i}-{j}", dict.fromkeys(BITS), group=f"stage{s}", node=str(j))
                for i, j in pairs(nodes)
            )
            stages.append(Choice(f"stage{s}", {"bits": Space(tuple(bits))}))
        return Space(tuple(stages))

    @cached_property
    def presets(self) -> Mapping[str, Preset]:
        """``paper``: 8 channels, 128 hidden units, 120 epochs of batch 100; ``quick``: ours.

        Deviation: the published learning rate falls in steps, from 0.01 to 0.00001; here it is constant.
        """
        paper, quick = Optim(lr=0.01, weight_decay=5e-4), Optim(lr=0.02, weight_decay=5e-4)
        return {
            "paper": Preset(Shape(8), Shape(8), Training(120, 100, paper)),
            "quick": Preset(Shape(4), Shape(8), Training(20, 64, quick)),
        }

    def size(self) -> int:
        """``2 ** sum(K_s (K_s - 1) / 2)``; different bits may be the same network but for names."""
        return 1 << sum(k * (k - 1) // 2 for k in self.nodes)

    def network(self, choices: Space, shape: Shape, image: ImageShape) -> nn.Module:
        """The stand-alone network of the one architecture that is left.

        Raises:
            BadValue: several architectures are left, or the shape has partial channels.
        """
        arch = sole(self.name, choices, shape)
        tables = [self.reads(arch, s) for s in range(len(self.nodes))]
        return StagesNetwork(tables, self.kernel, self.hidden, shape, image)

    def reads(self, arch: Arch, stage: int) -> dict[int, tuple[int, ...]]:
        """The nodes of a stage that are computed, each with those that it reads; see `reads`."""
        bits, nodes = arch[f"stage{stage}"]["bits"], self.nodes[stage]
        return reads(nodes, {(i, j): bits.option(f"{i}-{j}") == "1" for i, j in pairs(nodes)})

    def drawing(self, arch: Arch) -> list[dict[str, Any]]:
        """One panel a stage; isolated nodes are left out."""
        panels = []
        for s, nodes in enumerate(self.nodes):
            table, labels = self.reads(arch, s), {0: "in", nodes + 1: "out"}
            kinds = {0: "input", nodes + 1: "output"}
            drawn = [
                {"id": str(i), "label": labels.get(i, str(i)), "kind": kinds.get(i, "node")} for i in table
            ]
            edges = [
                {"from": str(source), "to": str(node), "label": ""}
                for node, sources in table.items()
                for source in sources
            ]
            panels.append({"title": f"stage {s + 1}", "nodes": drawn, "edges": edges})
        return panels

    def text(self, arch: Arch) -> str:
        """Bits by stage, and in a stage by the later node: ``1-01 | 0-10-001-1000``."""
        return " | ".join(self._bits(arch, s) for s in range(len(self.nodes)))

    def _bits(self, arch: Arch, stage: int) -> str:
        bits = arch[f"stage{stage}"]["bits"]
        later = range(2, self.nodes[stage] + 1)
        return "-".join("".join(bits.option(f"{i}-{j}") for i in range(1, j)) for j in later)
