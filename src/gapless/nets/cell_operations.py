"""What a cell consists of, as the fast ways of computing it see it: operations of edges, one by one."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import nn

from gapless.nets.mixed import Mixed
from gapless.nets.operations import Dilated, FactorizedReduce, NormalizedPool, Separable

if TYPE_CHECKING:
    from gapless.nets.cell import Cell

MAX_POOL, AVG_POOL, SKIP, REDUCE, SEPARABLE, DILATED, DENSE = range(7)
Inputs = tuple[tuple[tuple[nn.Conv2d, ...], nn.BatchNorm2d], ...]
_SETTINGS = attrgetter("training", "track_running_stats", "momentum", "eps")


@dataclass(frozen=True)
class Operation:
    """One operation of one edge as native/cell.h describes it.

    ``DENSE`` (ReLU, convolution, BatchNorm) is not there.

    Args:
        convolutions: place among the four weights, and the layer.
        norms: the one or two BatchNorm layers; at most one of a pool.
    """

    source: int
    target: int
    row: int
    column: int
    kind: int
    kernel: int = 0
    dilation: int = 1
    convolutions: tuple[tuple[int, nn.Conv2d], ...] = ()
    norms: tuple[nn.BatchNorm2d, ...] = ()


@dataclass(frozen=True)
class Operations:
    """All operations of a `Cell`, sorted by source, target and kind.

    Args:
        inputs: the convolutions (two where it halves) and the BatchNorm in front of states 0 and 1.
        norms: of the inputs and of all operations.
        hooks: of all modules inside the cell.
    """

    inputs: Inputs
    each: list[Operation]
    norms: list[nn.BatchNorm2d]
    hooks: Sequence[Mapping[int, Any]]

    @classmethod
    def of(cls, cell: Cell) -> Operations | None:
        """None where the cell has a module that is none of them."""
        inputs = [_input(cell.preprocess0), _input(cell.preprocess1)]
        each = _edges(cell.edges, (MAX_POOL, AVG_POOL, SKIP, REDUCE, SEPARABLE, DILATED))
        if None in inputs or each is None:
            return None
        known = cast("list[tuple[tuple[nn.Conv2d, ...], nn.BatchNorm2d]]", inputs)
        return cls._collected(cell, tuple(known), each)

    @classmethod
    def dense(cls, edges: nn.ModuleDict) -> Operations | None:
        """Of a cell without inputs to convert; None where it has a module that is none of them."""
        each = _edges(edges, (MAX_POOL, AVG_POOL, SKIP, DENSE))
        return None if each is None else cls._collected(edges, (), each)

    @classmethod
    def _collected(cls, around: nn.Module, inputs: Inputs, each: list[Operation]) -> Operations:
        norms = [norm for _, norm in inputs] + [norm for o in each for norm in o.norms]
        inner = [m for m in around.modules() if m is not around]
        return cls(inputs, each, norms, [h for m in inner for h in _hooks(m)])

    def uniform(self) -> bool:
        """Whether all BatchNorm layers are set alike, and no module inside the cell has a hook."""
        return len(set(map(_SETTINGS, self.norms))) <= 1 and not any(self.hooks)


def plain_numbers(*inputs: torch.Tensor) -> bool:
    """Whether all inputs are float32 or all float64, and stay so: no autocast."""
    dtypes = {x.dtype for x in inputs}
    autocast = torch.is_autocast_enabled(inputs[0].device.type)
    return dtypes in ({torch.float32}, {torch.float64}) and not autocast


def _edges(edges: nn.ModuleDict, kinds: Container[int]) -> list[Operation] | None:
    operations: list[Operation] = []
    for name, mixed in edges.items():
        if type(mixed) is not Mixed:
            return None
        source, target = map(int, name.split("-"))
        for column in mixed.columns:
            found = _operation(mixed, source, target, *column)
            if found is None or found.kind not in kinds:
                return None
            operations.append(found)
    return sorted(operations, key=lambda o: (o.source, o.target, o.kind))


def _hooks(module: nn.Module) -> Sequence[Mapping[int, Any]]:
    return (
        module._forward_hooks,
        module._forward_pre_hooks,
        module._backward_hooks,
        module._backward_pre_hooks,
    )


def _input(module: nn.Module) -> tuple[tuple[nn.Conv2d, ...], nn.BatchNorm2d] | None:
    if isinstance(module, FactorizedReduce):
        return (module.conv_1, module.conv_2), module.bn
    parts = list(module.children())
    if [type(part) for part in parts] != [nn.ReLU, nn.Conv2d, nn.BatchNorm2d]:
        return None
    conv = cast(nn.Conv2d, parts[1])
    plain = conv.kernel_size == (1, 1) and conv.stride == (1, 1) and conv.bias is None and conv.groups == 1
    return ((conv,), cast(nn.BatchNorm2d, parts[2])) if plain else None


def _operation(mixed: Mixed, source: int, target: int, option: str, column: int) -> Operation | None:
    module = mixed.get_submodule(option)
    where = (source, target, mixed.row, column)
    pools = {nn.MaxPool2d: MAX_POOL, nn.AvgPool2d: AVG_POOL}
    if isinstance(module, (Separable, Dilated)):
        return _convolution(module, where)
    if isinstance(module, NormalizedPool):
        return Operation(*where, pools[type(module[0])], norms=(cast(nn.BatchNorm2d, module[1]),))
    if isinstance(module, FactorizedReduce):
        halves = (1, module.conv_1), (3, module.conv_2)
        return Operation(*where, REDUCE, convolutions=halves, norms=(module.bn,))
    if type(module) in pools:
        return Operation(*where, pools[type(module)])
    if isinstance(module, nn.Sequential):
        return _dense(module, where)
    return Operation(*where, SKIP) if isinstance(module, nn.Identity) else None


def _dense(module: nn.Sequential, where: tuple[int, int, int, int]) -> Operation | None:
    if [type(part) for part in module] != [nn.ReLU, nn.Conv2d, nn.BatchNorm2d]:
        return None
    conv, norm = cast(nn.Conv2d, module[1]), cast(nn.BatchNorm2d, module[2])
    kernel = conv.kernel_size[0]
    same = conv.stride == conv.dilation == (1, 1) and conv.padding == (kernel // 2, kernel // 2)
    plain = conv.kernel_size == (kernel, kernel) and conv.bias is None and conv.groups == 1
    return Operation(*where, DENSE, kernel, 1, ((0, conv),), (norm,)) if same and plain else None


def _convolution(module: Separable | Dilated, where: tuple[int, int, int, int]) -> Operation | None:
    parts: list[Any] = list(module.children())
    kernel, dilation, two = parts[1].kernel_size[0], parts[1].dilation[0], isinstance(module, Separable)
    convolutions = ((0, parts[1]), (1, parts[2]), *(((2, parts[5]), (3, parts[6])) if two else ()))
    norms = (parts[3], parts[7]) if two else (parts[3],)
    kind = SEPARABLE if two else DILATED
    return Operation(*where, kind, kernel, dilation, convolutions, norms) if kernel in (3, 5, 7) else None
