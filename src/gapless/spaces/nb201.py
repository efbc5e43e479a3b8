"""The NAS-Bench-201 cell space (Dong & Yang 2020, section 2; D-X-Y/AutoDL-Projects).

A cell is a complete graph of four nodes: node 0 is the input, node 3 the output, and each of the six
edges carries one of five operations. Three stages of equal cells with a residual block of stride 2
before the second and the third. ``depth`` counts the cells of one stage.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn import functional

from gapless.core import Arch, Choice, Cosine, Space
from gapless.core.errors import BadValue
from gapless.core.training import Optim, Training
from gapless.data.shape import ImageShape
from gapless.nets import cost, fast, operations
from gapless.nets.dense_node import DenseNodes
from gapless.nets.gate import Mix
from gapless.nets.mixed import Mixed, added, passed, pooled_logits
from gapless.nets.partial import on_part, part_of
from gapless.spaces.contract import Preset, Shape, Slot, slots

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
EDGES = ("0-1", "0-2", "1-2", "0-3", "1-3", "2-3")
STAGES = 3


@cache
def _strings() -> tuple[str, ...]:
    """All official strings by official index.

    The benchmark numbered them by listing the cells, the last edge varying fastest, and shuffling the
    list with seed 88 (exps/NAS-Bench-201/main.py, generate_meta_info).
    """
    cells = itertools.product(OPERATIONS, repeat=len(EDGES))
    listed = [_string(dict(zip(EDGES, picks, strict=True))) for picks in cells]
    random.Random(88).shuffle(listed)
    return tuple(listed)


@cache
def _indices() -> dict[str, int]:
    return {text: i for i, text in enumerate(_strings())}


def _string(picked: Mapping[str, str]) -> str:
    nodes = ("".join(f"|{picked[f'{s}-{node}']}~{s}" for s in range(node)) + "|" for node in range(1, 4))
    return "+".join(nodes)


def builders(pool_norm: bool) -> dict[str, operations.Build]:
    return {
        "skip_connect": operations.skip,
        "nor_conv_1x1": operations.relu_conv_norm(1),
        "nor_conv_3x3": operations.relu_conv_norm(3),
        "avg_pool_3x3": operations.pool("avg", pool_norm),
    }


class Cell(nn.Module):
    """One cell: `n x channels x h x w` to the same shape.

    A node that nothing reaches is zeros, and operations run on it: a convolution with an affine
    BatchNorm still adds its shift, as in the benchmark.
    """

    def __init__(self, table: Mapping[tuple[str, ...], Slot], channels: int, shape: Shape) -> None:
        super().__init__()
        build = builders(shape.pool_norm)
        self.edges, part = nn.ModuleDict(), part_of(channels, shape.partial)
        for (edge,), slot in table.items():
            modules = {o: build[o](part, part, 1, shape.affine) for o in slot.options if o in build}
            mixed = Mixed(modules, slot.row, slot.columns, slot.group)
            self.edges[edge] = on_part(mixed, slot.present, shape.partial, 1)
        self.dense_nodes = DenseNodes.of(self.edges, nodes=3)

    def forward(self, x: torch.Tensor, mix: Mix | None, drop_path: float) -> torch.Tensor:
        gate = None if mix is None else mix["edges"]
        drops = drop_path or (gate is not None and gate.dropout is not None)
        if self.dense_nodes and not (drops and self.training) and fast.allowed(x, "torch"):
            out = self.dense_nodes(x, gate)
            if out is not None:
                return out
        states = [x]
        for node in range(1, 4):
            terms = (passed(self.edges[f"{s}-{node}"], y, gate, drop_path) for s, y in enumerate(states))
            total = added(terms)
            states.append(torch.zeros_like(x) if total is None else total)
        return states[-1]


class Reduction(nn.Module):
    """The residual block between stages: `n x c_in x h x w` to `n x c_out x ceil(h / 2) x ceil(w / 2)`.

    Its shortcut is a 2x2 average pooling and a pointwise convolution; at an odd border the average is
    over what is there.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.conv_a = operations.relu_conv_norm(3)(c_in, c_out, 2, True)
        self.conv_b = operations.relu_conv_norm(3)(c_out, c_out, 1, True)
        pointwise = nn.Conv2d(c_in, c_out, 1, bias=False)
        self.shortcut = nn.Sequential(nn.AvgPool2d(2, 2, ceil_mode=True), pointwise)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.shortcut(x) + self.conv_b(self.conv_a(x))  # type: ignore[no-any-return]


class CellNetwork(nn.Module):
    """Stem, three stages of cells, global pooling, classifier.

    The BatchNorm layers outside the cells are affine also in a search, as in the benchmark's own.
    """

    def __init__(self, choices: Space, shape: Shape, image: ImageShape) -> None:
        super().__init__()
        table, c = slots(choices), shape.channels
        self.stem = nn.Sequential(nn.Conv2d(image.channels, c, 3, padding=1, bias=False), nn.BatchNorm2d(c))
        self.reductions = nn.ModuleList(Reduction(c << i, c << (i + 1)) for i in range(STAGES - 1))
        self.cells = nn.ModuleList(
            Cell(table, c << stage, shape) for stage in range(STAGES) for _ in range(shape.depth)
        )
        self.depth = shape.depth
        self.last = nn.BatchNorm2d(c << (STAGES - 1))
        self.classifier = nn.Linear(c << (STAGES - 1), image.classes)

    def forward(self, x: torch.Tensor, mix: Mix | None = None, drop_path: float = 0.0) -> torch.Tensor:
        """`n x c x h x w` to logits `n x classes`."""
        x = self.stem(fast.laid_out(x))
        for i, cell in enumerate(self.cells):
            stage, within = divmod(i, self.depth)
            if stage and not within:
                x = self.reductions[stage - 1](x)
            x = cell(x, mix, drop_path)
        return pooled_logits(functional.relu(self.last(x)), self.classifier)


@dataclass(frozen=True)
class Nb201:
    """The NAS-Bench-201 space: 15,625 architectures, of which 6,466 differ in function."""

    name: str = "nb201"
    summary: str = "one cell of 4 nodes, each of its 6 edges 1 of 5 operations; the space of NAS-Bench-201"
    partial: ClassVar[bool] = True

    @cached_property
    def choices(self) -> Space:
        options = dict.fromkeys(OPERATIONS)
        return Space(tuple(Choice(edge, options, group="edges", node=edge.split("-")[1]) for edge in EDGES))

    @cached_property
    def presets(self) -> Mapping[str, Preset]:
        """``paper``: 5 cells a stage, 16 channels, 200 epochs (hyper-opts/200E.config); ``quick``: ours."""
        paper = Optim(lr=Cosine(0.1), weight_decay=5e-4, nesterov=True)
        quick = Optim(lr=Cosine(0.05), weight_decay=5e-4, nesterov=True)
        return {
            "paper": Preset(Shape(16, 5, affine=False), Shape(16, 5), Training(200, 256, paper)),
            "quick": Preset(Shape(8, 1, affine=False), Shape(16, 1), Training(30, 64, quick)),
        }

    def size(self) -> int:
        return self.choices.size()

    def network(self, choices: Space, shape: Shape, image: ImageShape) -> nn.Module:
        """Raises:
        BadValue: a depth below 1, or channels that ``shape.partial`` does not divide.
        """
        if shape.depth < 1:
            raise BadValue(
                expected="a depth of at least 1 cell a stage", got=f"{shape.depth}", do="give Shape a depth"
            )
        return CellNetwork(choices, shape, image)

    def drawing(self, arch: Arch) -> list[dict[str, Any]]:
        """One panel; edges with ``none`` are left out."""
        kinds = ("input", "node", "node", "output")
        nodes = [{"id": str(i), "label": str(i), "kind": kind} for i, kind in enumerate(kinds)]
        edges = [
            {"from": edge[0], "to": edge[2], "label": arch.option(edge)}
            for edge in EDGES
            if arch.option(edge) != "none"
        ]
        return [{"title": "cell", "nodes": nodes, "edges": edges}]

    def text(self, arch: Arch) -> str:
        return self.arch_string(arch)

    def arch_string(self, arch: Arch) -> str:
        """The official string, e.g. ``|avg_pool_3x3~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|``."""
        return _string({edge: arch.option(edge) for edge in EDGES})

    def from_string(self, text: str) -> Arch:
        """The architecture of an official string.

        Raises:
            BadValue: the string is not one of the 15,625.
        """
        text = text.strip()
        if text not in _indices():
            raise BadValue(
                expected="a NAS-Bench-201 string such as " + _strings()[0],
                got=f"'{text}'",
                do=f"write source nodes in order, with operations out of {', '.join(OPERATIONS)}",
            )
        names = [term.partition("~")[0] for term in text.replace("+", "").split("|") if term]
        return Arch.of(dict(zip(EDGES, names, strict=True)))

    def official_index(self, arch: Arch) -> int:
        """The number, 0 .. 15624, that the benchmark's tables know an architecture by."""
        return _indices()[self.arch_string(arch)]

    def from_index(self, index: int) -> Arch:
        """The architecture of an official number.

        Raises:
            BadValue: the number is not in 0 .. 15624.
        """
        if not 0 <= index < len(_strings()):
            raise BadValue(
                expected=f"an official index from 0 to {len(_strings()) - 1}",
                got=f"{index}",
                do="look the architecture up by its string instead",
            )
        return self.from_string(_strings()[index])


def official_flops(net: CellNetwork, image: ImageShape) -> int:
    """What the benchmark's tables call FLOPs: MACs, and one more for each bias.

    Their counter (xautodl/utils/flop_benchmark.py) adds up convolutions and linear layers, biases
    included, and nothing for BatchNorm, pooling and sums. Only the classifier has a bias.
    """
    return cost.count(net, image).macs + net.classifier.bias.numel()
