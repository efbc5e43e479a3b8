"""Partial channels: a mixed operation on a part of the channels, which the others pass by."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import nn
from torch.nn import functional

from gapless.core.errors import BadValue
from gapless.nets.gate import Gate
from gapless.nets.mixed import Mixed


class Partial(nn.Module):
    """``shuffle([sum_o gate_o * op_o(x_1), (sum_o gate_o) * x_2])``: x_1 is the first 1/k of the channels.

    The others, x_2, are pooled (2x2, max) where the edge has stride 2, and the channels of the whole are
    shuffled in k groups. Gates that are a softmax over operations add up to 1 and leave x_2 as it is; times
    the softmax of an edge they scale both alike. ``none`` counts: it keeps x_1 off the edge, not x_2.
    Reference: Xu et al. 2020 (PC-DARTS), section 3.2; yuhuixu1993/PC-DARTS, model_search.py.

    Args:
        mixed: of 1/k of the channels.
        columns: of all options of the choice in its group's table, ``none`` among them.
        k: as above.
        stride: of the edge, 1 or 2.
    """

    def __init__(self, mixed: Mixed, columns: Collection[int], k: int, stride: int) -> None:
        super().__init__()
        self.mixed = mixed
        self.columns = tuple(columns)
        self.k, self.stride = k, stride

    def forward(
        self, x: torch.Tensor, gate: Gate | None = None, drop_path: float = 0.0
    ) -> torch.Tensor | None:
        """`n x c x h x w` to the mixture, or None where nothing is active. Without a gate: gates of one
        operation each, so x_2 passes as it is.
        """
        live = [c for c in self.columns if gate is None or gate.computes(self.mixed.row, c)]
        if not live:
            return None
        part = x.shape[1] // self.k
        inside, past = x[:, :part], x[:, part:]
        mixture = self.mixed(inside, gate, drop_path)
        if mixture is None:
            mixture = torch.zeros_like(inside[:, :, :: self.stride, :: self.stride])
        if self.stride == 2:
            past = functional.max_pool2d(past, 2, 2, ceil_mode=True)
        if gate is not None and gate.weight is not None:
            past = self._whole(gate.weight[self.mixed.row], live) * past
        return shuffled(torch.cat([mixture, past], dim=1), self.k)

    def _whole(self, weights: torch.Tensor, live: list[int]) -> torch.Tensor:
        if len(live) == len(weights):
            return weights.sum()
        return torch.stack([weights[column] for column in live]).sum()


def on_part(mixed: Mixed, columns: Collection[int], k: int, stride: int) -> nn.Module:
    """The edge that computes ``mixed``: `Partial`, or ``mixed`` itself where k is 1."""
    return Partial(mixed, columns, k, stride) if k > 1 else mixed


def shuffled(x: torch.Tensor, groups: int) -> torch.Tensor:
    """Channel ``i * c / groups + j`` of `n x c x h x w` becomes channel ``j * groups + i``."""
    n, c, h, w = x.shape
    return x.reshape(n, groups, c // groups, h, w).transpose(1, 2).reshape(n, c, h, w)


def part_of(channels: int, k: int) -> int:
    """Channels of the part, ``channels / k``.

    Raises:
        BadValue: k does not divide them.
    """
    if channels % k:
        raise BadValue(
            expected=f"channels that are a multiple of {k}, for 1/{k} of them to go through operations",
            got=f"{channels}",
            do=f"set search.channels to a multiple of {k}, or partial to a number that divides it",
        )
    return channels // k
