"""Capture: on a CUDA device, forwards and backwards of a super-network replayed as graphs.

A small super-network launches thousands of kernels that each take less time than their launch; a graph
launches them all at once. What is replayed depends on shapes and on which operations are computed, so a
graph is held for each such signature, the first few of them; everything else is computed as always.

Not used on a CPU. It was written without a CUDA device to measure it on and is therefore used only where the
environment variable ``GAPLESS_CUDA_GRAPHS`` is set.
"""

from __future__ import annotations

import os
from collections.abc import Hashable
from typing import Any

import torch
from torch import Tensor, nn

from gapless.nets.gate import Gate, Mix

GRAPHS = 8
"""Signatures that are held; each keeps the memory of its own activations."""


def wanted(device: torch.device) -> bool:
    """Whether networks on this device are captured."""
    return device.type == "cuda" and bool(os.environ.get("GAPLESS_CUDA_GRAPHS"))


def signature(net: nn.Module, x: Tensor, mix: Mix, drop_path: float) -> Hashable:
    """What two calls must share for one to be a replay of the other."""
    gates = tuple(
        (name, gate.weight is None, bool(gate.weight is not None and gate.weight.requires_grad),
         None if gate.active is None else gate.active.tobytes(),
         None if gate.dropout is None else gate.dropout.tobytes())
        for name, gate in sorted(mix.items())
    )  # fmt: skip
    modes = net.training, any(p.requires_grad for p in net.parameters()), torch.is_grad_enabled()
    tracks = tuple(getattr(module, "track_running_stats", True) for module in net.modules())
    return x.shape, x.dtype, drop_path, gates, modes, tracks


class _Flat(nn.Module):
    """The network as a function of the images and of those gate values that are tensors."""

    def __init__(self, net: nn.Module, mix: Mix, drop_path: float) -> None:
        super().__init__()
        self.net, self.drop_path = net, drop_path
        self.gates = {name: (gate.active, gate.dropout) for name, gate in mix.items()}
        self.weighted = [name for name, gate in sorted(mix.items()) if gate.weight is not None]

    def forward(self, x: Tensor, *weights: Tensor) -> Tensor:
        tables = dict(zip(self.weighted, weights, strict=True))
        mix = {name: Gate(tables.get(name), *rest) for name, rest in self.gates.items()}
        return self.net(x, mix, self.drop_path)  # type: ignore[no-any-return]


class Captured:
    """Calls a network, by replay where that is possible.

    Args:
        net: on a CUDA device.
    """

    def __init__(self, net: nn.Module) -> None:
        self.net = net
        self.graphs: dict[Hashable, tuple[_Flat, Any]] = {}

    def __call__(self, x: Tensor, mix: Mix, drop_path: float = 0.0) -> Tensor:
        key = signature(self.net, x, mix, drop_path)
        known = key in self.graphs
        if not torch.is_grad_enabled() or (not known and len(self.graphs) == GRAPHS):
            return self.net(x, mix, drop_path)  # type: ignore[no-any-return]
        if not known:
            self.graphs[key] = self._captured(x, mix, drop_path)
        flat, replay = self.graphs[key]
        weights = [gate.weight for name in flat.weighted if (gate := mix[name]).weight is not None]
        return replay(x, *weights)  # type: ignore[no-any-return]

    def _captured(self, x: Tensor, mix: Mix, drop_path: float) -> tuple[_Flat, Any]:
        flat = _Flat(self.net, mix, drop_path)
        tables = [gate.weight for _, gate in sorted(mix.items()) if gate.weight is not None]
        samples = [table.detach().clone().requires_grad_(table.requires_grad) for table in tables]
        before = [buffer.clone() for buffer in self.net.buffers()]
        state = torch.cuda.get_rng_state(x.device)
        replay = torch.cuda.make_graphed_callables(flat, (x.clone(), *samples), allow_unused_input=True)
        torch.cuda.set_rng_state(state, x.device)  # warming up drew numbers and moved statistics
        with torch.no_grad():
            for buffer, value in zip(self.net.buffers(), before, strict=True):
                buffer.copy_(value)
        return flat, replay
