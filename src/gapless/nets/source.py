"""All that leaves a state of a cell, computed at once in plain torch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional

from gapless.nets.cell_operations import (
    AVG_POOL,
    DENSE,
    DILATED,
    MAX_POOL,
    REDUCE,
    SEPARABLE,
    Operation,
)
from gapless.nets.depthwise import depthwise
from gapless.nets.gate import Gate
from gapless.nets.stacked_norm import by_batch, joined, normalized, once

_STACKED_ON_CPU = 2**18  # numbers of a state: above, the copies of a stack cost more than they save
_CONVOLUTIONS = (SEPARABLE, DILATED, DENSE)
Terms = Iterator[tuple[int, torch.Tensor]]


def states(
    first: Sequence[torch.Tensor],
    nodes: int,
    stride: int,
    operations: Sequence[Operation],
    gate: Gate | None,
) -> list[torch.Tensor]:
    """The first states, and those of the nodes: sums of gated operations, zeros where nothing arrives.

    Args:
        stride: of what leaves the first states.
    """
    gates = _Gates.of(gate, first[0].dtype)
    leaving = defaultdict(list)
    for o in operations:
        if gate is None or gate.computes(o.row, o.column):
            leaving[o.source].append(o)
    found, sums = list(first), dict[int, torch.Tensor]()
    for source in range(len(first) + nodes):
        if source >= len(first):
            like = first[-1][..., ::stride, ::stride]
            found.append(sums.pop(source) if source in sums else torch.zeros_like(like))
        step = stride if source < len(first) else 1
        for target, term in Source(found[source], step, gates).terms(leaving[source]):
            sums[target] = sums[target] + term if target in sums else term
    return found


@dataclass(frozen=True)
class _Gates:
    """Gate values of one cell, one by one."""

    values: tuple[torch.Tensor, ...]
    columns: int

    @classmethod
    def of(cls, gate: Gate | None, dtype: torch.dtype) -> _Gates | None:
        if gate is None or gate.weight is None:
            return None
        return cls(gate.weight.to(dtype).flatten().unbind(), gate.weight.shape[1])

    def __getitem__(self, operation: Operation) -> torch.Tensor:
        return self.values[operation.row * self.columns + operation.column]


class Source:
    """What leaves the state ``x``.

    ReLU, pools and the BatchNorm of pools are computed once, convolutions of one kind and kernel stacked
    along channels. Gate values become scales of the last BatchNorm; ``gates`` None stands for ones.
    """

    def __init__(self, x: torch.Tensor, stride: int, gates: _Gates | None) -> None:
        self.x, self.stride, self.gates = x, stride, gates
        self._copies: dict[tuple[int, int], torch.Tensor] = {}

    def terms(self, leaving: list[Operation]) -> Terms:
        """Each operation's target and its gated output."""
        stacks = self.x.device.type != "cpu" or self.x.numel() <= _STACKED_ON_CPU
        groups = defaultdict(list)
        for o in leaving:
            alone = o.kind in _CONVOLUTIONS and not stacks
            groups[o.kind, o.kernel, o.target if alone else None].append(o)
        for (kind, *_), group in groups.items():
            if kind in (SEPARABLE, DILATED):
                yield from self._apart(group, self._depthwise(group))
            elif kind == DENSE:
                yield from self._apart(group, self._dense(group))
            elif kind == REDUCE:
                yield from self._apart(group, self._reduced(group))
            elif kind in (MAX_POOL, AVG_POOL):
                yield from self._pooled(group)
            else:
                yield from self._gated(group, self.x)

    def _gated(self, group: list[Operation], y: torch.Tensor) -> Terms:
        for o in group:
            yield o.target, y if self.gates is None else self.gates[o] * y

    def _apart(self, group: list[Operation], y: torch.Tensor) -> Terms:
        return zip((o.target for o in group), y.chunk(len(group), 1), strict=True)

    def _normalized(self, group: list[Operation], y: torch.Tensor) -> torch.Tensor:
        gates = None if self.gates is None else [self.gates[o] for o in group]
        return normalized(y, [o.norms[-1] for o in group], gates)

    def _pooled(self, group: list[Operation]) -> Terms:
        if group[0].kind == MAX_POOL:
            y = functional.max_pool2d(self.x, 3, self.stride, 1)
        else:
            y = functional.avg_pool2d(self.x, 3, self.stride, 1, count_include_pad=False)
        norms = [o.norms[0] for o in group if o.norms]
        if norms and (norms[0].affine or not by_batch(norms[0])):
            return ((o.target, self._normalized([o], y)) for o in group)
        return self._gated(group, once(y, norms) if norms else y)

    def _reduced(self, group: list[Operation]) -> torch.Tensor:
        x, (h, w) = self._relu(1), (side % 2 for side in self.x.shape[2:])
        shifted = (functional.pad(x, (0, w, 0, h)) if h or w else x)[:, :, 1:, 1:]
        halves = [functional.conv2d(t, _weight(group, i), stride=2) for i, t in enumerate((x, shifted))]
        pairs = zip(*(half.chunk(len(group), 1) for half in halves), strict=True)
        return self._normalized(group, torch.cat([half for pair in pairs for half in pair], 1))

    def _dense(self, group: list[Operation]) -> torch.Tensor:
        padding = group[0].kernel // 2
        return self._normalized(group, functional.conv2d(self._relu(1), _weight(group, 0), padding=padding))

    def _depthwise(self, group: list[Operation]) -> torch.Tensor:
        number, stride, dilation = len(group), self.stride, group[0].dilation
        if stride == dilation:  # reads and makes every stride-th row and column only
            x = depthwise(self._relu(number, stride), _weight(group, 0))
        else:
            x = depthwise(self._relu(number), _weight(group, 0), stride, dilation)
        x = functional.conv2d(x, _weight(group, 1), groups=number)
        if group[0].kind == SEPARABLE:
            x = functional.relu(normalized(x, [o.norms[0] for o in group]))
            x = functional.conv2d(depthwise(x, _weight(group, 2)), _weight(group, 3), groups=number)
        return self._normalized(group, x)

    def _relu(self, copies: int, step: int = 1) -> torch.Tensor:
        """ReLU of every ``step``-th row and column, ``copies`` times along channels."""
        key = copies, step
        if key not in self._copies:
            if key == (1, 1):
                self._copies[key] = functional.relu(self.x)
            else:
                self._copies[key] = torch.cat([self._relu(1)[:, :, ::step, ::step]] * copies, 1)
        return self._copies[key]


def _weight(group: list[Operation], place: int) -> torch.Tensor:
    return joined([o.convolutions[place][1].weight for o in group])
