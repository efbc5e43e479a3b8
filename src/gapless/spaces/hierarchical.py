"""Hierarchical representations (Liu et al. 2018, section 2): motifs of motifs.

A motif is a graph of ordered nodes, from its first to its last; every edge carries an operation or none.
Operations of level 1 are primitives, those of a level above are the motifs of the level below. A node is
the concatenation of what enters it. The motif of the last level is the cell of the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from gapless.core import Arch, Choice, Space
from gapless.core.errors import BadValue
from gapless.core.training import Optim, Training
from gapless.data.shape import ImageShape
from gapless.nets import operations
from gapless.nets.gate import Mix
from gapless.nets.mixed import pooled_logits
from gapless.spaces.contract import Preset, Shape
from gapless.spaces.stand_alone import sole

PRIMITIVES = (
    "identity", "conv_1x1", "depthwise_3x3", "separable_3x3", "max_pool_3x3", "avg_pool_3x3",
)  # fmt: skip
NONE = "none"
STAGES = 3

Edge = tuple[int, int]


def pairs(nodes: int) -> list[Edge]:
    """Pairs (earlier, later) of nodes 1 .. ``nodes``."""
    return [(i, j) for j in range(2, nodes + 1) for i in range(1, j)]


def convolved(
    c_in: int, c_out: int, affine: bool, depthwise: bool, pointwise: bool, stride: int = 1
) -> nn.Module:
    """A 3x3 depthwise convolution, a pointwise one, or both; then BatchNorm and ReLU."""
    layers: list[nn.Module] = []
    if depthwise:
        layers.append(nn.Conv2d(c_in, c_in, 3, stride, 1, groups=c_in, bias=False))
    if pointwise:
        layers.append(nn.Conv2d(c_in, c_out, 1, bias=False))
    return nn.Sequential(*layers, operations.norm(c_out, affine), nn.ReLU())


def primitive(name: str, c_in: int, channels: int, affine: bool) -> tuple[nn.Module, int]:
    """An operation of level 1, and how many channels it makes."""
    if name in ("conv_1x1", "separable_3x3"):
        return convolved(c_in, channels, affine, name == "separable_3x3", True), channels
    if name == "depthwise_3x3":
        return convolved(c_in, c_in, affine, True, False), c_in
    if name == "identity":
        return nn.Identity(), c_in
    return operations.pool(name[:3], False)(c_in, c_in, 1, affine), c_in


@dataclass(frozen=True)
class Motifs:
    """Every motif of an architecture, decoded: ``labels[level, motif]`` names what each edge carries.

    Args:
        labels: for each level from 2 and each motif of it from 1, the edges that carry something.
        nodes: how many each level's motifs have.
    """

    labels: Mapping[tuple[int, int], Mapping[Edge, str]]
    nodes: Mapping[int, int]

    @property
    def top(self) -> tuple[int, int]:
        return max(self.nodes), 1

    def inner(self, level: int, label: str) -> tuple[int, int] | None:
        """The motif that a label of a level names; None for a primitive."""
        return (level - 1, int(label.removeprefix("motif"))) if level > 2 else None

    def edges(self, motif: tuple[int, int]) -> dict[Edge, str]:
        """The edges on paths from the first node to the last; none where there is no path."""
        level, last = motif[0], self.nodes[motif[0]]
        reached, leading, live = {1}, {last}, {}
        for (i, j), label in sorted(self.labels[motif].items(), key=lambda item: item[0][::-1]):
            inner = self.inner(level, label)
            if i in reached and (inner is None or self.edges(inner)):
                reached.add(j)
                live[i, j] = label
        for i, j in sorted(live, reverse=True):
            leading |= {i} if j in leading else set()
        return {edge: label for edge, label in live.items() if edge[1] in leading}

    def used(self) -> list[tuple[int, int]]:
        """The motifs that the cell is made of, itself first."""
        found = dict.fromkeys([self.top])
        for motif in (waiting := [self.top]):
            inner = (self.inner(motif[0], label) for label in self.edges(motif).values())
            new = [m for m in sorted({m for m in inner if m}) if m not in found]
            found |= dict.fromkeys(new)
            waiting += new
        return list(found)


class Assembled(nn.Module):
    """A motif: `n x c_in x h x w` to `n x c_out x h x w`.

    A motif below the last level has a pointwise convolution behind it that gives it as many channels as it
    was given. One whose last node nothing reaches is zeros of its input's shape.
    """

    def __init__(
        self, motifs: Motifs, motif: tuple[int, int], c_in: int, channels: int, affine: bool
    ) -> None:
        super().__init__()
        (level, _), live = motif, motifs.edges(motif)
        self.last, self.live = motifs.nodes[level], sorted(live, key=lambda edge: edge[::-1])
        self.edges, width = nn.ModuleDict(), {1: c_in}
        for i, j in self.live:
            inner = motifs.inner(level, live[i, j])
            if inner is None:
                module, made = primitive(live[i, j], width[i], channels, affine)
            else:
                module, made = Assembled(motifs, inner, width[i], channels, affine), width[i]
            self.edges[f"{i}-{j}"] = module
            width[j] = width.get(j, 0) + made
        self.c_out = width.get(self.last, c_in)
        self.reduce: nn.Module = nn.Identity()
        if live and motif != motifs.top:
            self.reduce, self.c_out = convolved(self.c_out, c_in, affine, False, True), c_in

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.live:
            return torch.zeros_like(x)
        entering: dict[int, list[torch.Tensor]] = {1: [x]}
        states: dict[int, torch.Tensor] = {}
        for i, j in self.live:
            if i not in states:
                states[i] = torch.cat(entering[i], dim=1)
            entering.setdefault(j, []).append(self.edges[f"{i}-{j}"](states[i]))
        return self.reduce(torch.cat(entering[self.last], dim=1))  # type: ignore[no-any-return]


class CellsNetwork(nn.Module):
    """Stem, cells with a separable convolution between two of them, global pooling, classifier.

    That convolution halves the resolution before the second and the third stage.
    """

    def __init__(self, motifs: Motifs, shape: Shape, image: ImageShape) -> None:
        super().__init__()
        made = shape.channels
        conv = nn.Conv2d(image.channels, made, 3, padding=1, bias=False)
        self.stem = nn.Sequential(conv, operations.norm(made, shape.affine), nn.ReLU())
        self.between, self.cells = nn.ModuleList(), nn.ModuleList()
        for place in range(STAGES * shape.depth):
            stage, within = divmod(place, shape.depth)
            c = shape.channels << stage
            if place:
                self.between.append(convolved(made, c, shape.affine, True, True, 1 if within else 2))
            cell = Assembled(motifs, motifs.top, c, c, shape.affine)
            self.cells.append(cell)
            made = cell.c_out
        self.classifier = nn.Linear(made, image.classes)

    def forward(self, x: torch.Tensor, mix: Mix | None = None, drop_path: float = 0.0) -> torch.Tensor:
        """`n x c x h x w` to logits `n x classes`; there is no mixture and no drop path."""
        x = self.cells[0](self.stem(x))
        for between, cell in zip(self.between, self.cells[1:], strict=True):
            x = cell(between(x))
        return pooled_logits(x, self.classifier)


@dataclass(frozen=True)
class Hierarchical:
    """The hierarchical space; ``depth`` counts the cells of one stage.

    The default is the published one: six primitives, six motifs of 4 nodes on level 2, one of 5 nodes on
    level 3. The paper's flat space is ``levels=((1, 11),)``.

    Deviation: where nothing reaches the end of the cell, it is zeros; the paper does not say. Edges that lie
    on no path through their motif are not built.

    Args:
        levels: for each level from 2 on, how many motifs it has and how many nodes each of them.

    Raises:
        BadValue: no level, a motif of fewer than 2 nodes, or several motifs on the last level.
    """

    levels: tuple[tuple[int, int], ...] = ((6, 4), (1, 5))
    name: str = "hierarchical"
    summary: str = (
        "graphs whose edges carry graphs whose edges carry operations; hierarchical representations"
    )
    shared: ClassVar[bool] = False

    def __post_init__(self) -> None:
        right = self.levels and all(motifs >= 1 and nodes >= 2 for motifs, nodes in self.levels)
        if not right or self.levels[-1][0] != 1:
            raise BadValue(
                expected="levels of (motifs >= 1, nodes >= 2), with a single motif on the last",
                got=f"{self.levels}",
                do="use, for example, the published ((6, 4), (1, 5))",
            )

    @cached_property
    def choices(self) -> Space:
        motifs = []
        for level, motif, nodes in self._listed():
            below = self.levels[level - 3][0] if level > 2 else 0
            labels = [f"motif{m}" for m in range(1, below + 1)] or PRIMITIVES
            options = dict.fromkeys((*labels, NONE))
            edges = (Choice(f"{i}-{j}", options, group=f"level{level}", node=str(j)) for i, j in pairs(nodes))
            motifs.append(Choice(f"level{level}_motif{motif}", {"graph": Space(tuple(edges))}))
        return Space(tuple(motifs))

    def _listed(self) -> Iterator[tuple[int, int, int]]:
        """Level, number and nodes of every motif."""
        for level, (motifs, nodes) in enumerate(self.levels, 2):
            yield from ((level, motif, nodes) for motif in range(1, motifs + 1))

    @cached_property
    def presets(self) -> Mapping[str, Preset]:
        """``paper``: 16 channels searched, 64 deployed, two cells a stage there; ``quick``: ours.

        Deviation: the published learning rate of 0.1 falls in steps; here it is constant. Epochs are those of
        5,000 and 80,000 steps of batch 256; that and the shapes are from memory.
        """
        paper, quick = Optim(lr=0.1, weight_decay=3e-4), Optim(lr=0.05, weight_decay=3e-4)
        return {
            "paper": Preset(Shape(16, 1), Shape(64, 2), Training(410, 256, paper)),
            "quick": Preset(Shape(4, 1), Shape(8, 1), Training(20, 64, quick)),
        }

    def size(self) -> int:
        """Exact: for each motif its labels, none included, to the power of its pairs of nodes.

        Motifs in another order, and what lies on no path, count as different.
        """
        total, labels = 1, len(PRIMITIVES) + 1
        for motifs, nodes in self.levels:
            total *= int(labels ** (motifs * nodes * (nodes - 1) // 2))
            labels = motifs + 1
        return total

    def network(self, choices: Space, shape: Shape, image: ImageShape) -> nn.Module:
        """The stand-alone network of the one architecture that is left.

        Raises:
            BadValue: several architectures are left, a depth below 1, or partial channels.
        """
        arch = sole(self.name, choices, shape)
        if shape.depth < 1:
            raise BadValue(
                expected="a depth of at least 1 cell a stage", got=f"{shape.depth}", do="give Shape a depth"
            )
        return CellsNetwork(self.decoded(arch), shape, image)

    def decoded(self, arch: Arch) -> Motifs:
        """The motifs as values, without the edges that carry none."""
        labels = {}
        for level, motif, nodes in self._listed():
            graph = arch[f"level{level}_motif{motif}"]["graph"]
            carried = {(i, j): graph.option(f"{i}-{j}") for i, j in pairs(nodes)}
            labels[level, motif] = {edge: label for edge, label in carried.items() if label != NONE}
        return Motifs(labels, {level: nodes for level, (_, nodes) in enumerate(self.levels, 2)})

    def identity_chain(self) -> Arch:
        """Where the published search starts: every motif is a chain of identities (section 3.1).

        It is made different by many mutations, 1000 in the paper.
        """
        picks = {}
        for level, motif, nodes in self._listed():
            label = "identity" if level == 2 else "motif1"
            graph = {f"{i}-{j}": label if j == i + 1 else NONE for i, j in pairs(nodes)}
            picks[f"level{level}_motif{motif}"] = {"graph": graph}
        return Arch.of(picks)

    def mutated(self, arch: Arch, rng: np.random.Generator) -> Arch:
        """The published mutation: of a level, then a motif, then a later node, then an earlier one, each
        uniform, the edge gets another label (section 3.1).

        `Space.mutate` changes such a label too, but takes every edge of the space with equal probability.

        Raises:
            BadValue: the architecture is not one of this space.
        """
        self.choices.check(arch)
        level = int(rng.integers(len(self.levels)))
        motifs, nodes = self.levels[level]
        name = f"level{level + 2}_motif{int(rng.integers(motifs)) + 1}"
        later = int(rng.integers(2, nodes + 1))
        edge = f"{int(rng.integers(1, later))}-{later}"
        plain = arch.plain()
        now, choice = plain[name]["graph"], self.choices.choice((name, "graph", edge))
        others = [label for label in choice.options if label not in now[edge]]
        now[edge] = others[int(rng.integers(len(others)))]
        return Arch.of(plain)

    def drawing(self, arch: Arch) -> list[dict[str, Any]]:
        """A panel for the cell and each motif that it is made of, from the last level down."""
        motifs, panels = self.decoded(arch), []
        for level, motif in motifs.used():
            last = motifs.nodes[level]
            kinds = {1: "input", last: "output"}
            nodes = [
                {"id": str(i), "label": str(i), "kind": kinds.get(i, "node")} for i in range(1, last + 1)
            ]
            edges = [
                {"from": str(i), "to": str(j), "label": label}
                for (i, j), label in motifs.edges((level, motif)).items()
            ]
            panels.append({"title": f"level {level}, motif {motif}", "nodes": nodes, "edges": edges})
        return panels

    def text(self, arch: Arch) -> str:
        """Every motif with what its edges carry: ``2.1[1-2 identity, 2-3 conv_1x1] ... 3.1[1-2 motif4]``."""
        written = []
        for (level, motif), labels in self.decoded(arch).labels.items():
            edges = ", ".join(f"{i}-{j} {label}" for (i, j), label in labels.items())
            written.append(f"{level}.{motif}[{edges}]")
        return " ".join(written)
