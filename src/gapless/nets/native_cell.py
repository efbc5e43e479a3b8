"""A whole cell in one call of the native kernels, forward and backward."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.autograd.function import once_differentiable

from gapless.nets.cell_operations import Operations, plain_numbers
from gapless.nets.gate import Gate
from gapless.nets.native import BACKWARD, EVALUATE, FORWARD, CellCall, Kernels, load
from gapless.nets.workspace import Workspace

INPUT_WORDS, OP_WORDS = 17, 29
WORKSPACE = Workspace()
_LAYOUTS = 64


@dataclass(frozen=True)
class Layout:
    """The structs of one set of active operations, and where in them addresses go.

    Args:
        words: inputs and operations, addresses left out.
        parameters: tensors as (layer, name), with the place of the tensor and of its gradient.
        buffers: likewise, with one place.
    """

    words: NDArray[np.int64]
    operations: int
    parameters: list[tuple[nn.Module, str]]
    places: NDArray[np.int64]
    gradients: NDArray[np.int64]
    buffers: list[tuple[nn.Module, str]]
    buffer_places: NDArray[np.int64]


@dataclass
class NativeCell:
    """What the native kernels need to know of a `Cell`."""

    nodes: int
    channels: int
    stride: int
    operations: Operations
    _layouts: dict[tuple[bytes, int], Layout] = field(default_factory=dict)

    def __call__(self, s0: torch.Tensor, s1: torch.Tensor, gate: Gate | None) -> torch.Tensor | None:
        """What the cell's modules would return; None where they have to do it themselves."""
        kernels = load()
        if isinstance(kernels, str) or not self._fits(kernels, s0, s1):
            return None
        weight = None if gate is None else gate.weight
        layout = self._layout(None if gate is None else gate.active, 0 if weight is None else weight.shape[1])
        weights = [module._parameters[name] for module, name in layout.parameters]
        if any(w is None or w.dtype != s0.dtype or not w.is_contiguous() for w in weights):
            return None
        gates = None if weight is None else weight.to(s0.dtype).contiguous()
        keep = torch.is_grad_enabled() and any(
            t is not None and t.requires_grad for t in (gates, s0, s1, *weights)
        )
        return _Run.apply(self, layout, kernels, keep, gates, s0, s1, *weights)  # type: ignore[no-any-return]

    def _fits(self, kernels: Kernels, s0: torch.Tensor, s1: torch.Tensor) -> bool:
        training = self.operations.norms[0].training
        return (
            s0.device.type == "cpu"
            and plain_numbers(s0, s1)
            and len(self.operations.each) <= kernels.most[0]
            and self.nodes <= kernels.most[1]
            and self.channels <= kernels.most[2]
            and (not training or s1.shape[0] * (-(-s1.shape[2] // 2)) * (-(-s1.shape[3] // 2)) > 1)
            and self.operations.uniform()
        )

    def _layout(self, active: NDArray[np.bool_] | None, columns: int) -> Layout:
        """For gate tables of this many columns; 0: there are no gate values."""
        key = (b"" if active is None else active.tobytes(), columns)
        if key not in self._layouts:
            if len(self._layouts) >= _LAYOUTS:
                self._layouts.pop(next(iter(self._layouts)))
            self._layouts[key] = self._laid(active, columns)
        return self._layouts[key]

    def _laid(self, active: NDArray[np.bool_] | None, columns: int) -> Layout:
        chosen = [o for o in self.operations.each if active is None or active[o.row, o.column]]
        words = np.zeros(2 * INPUT_WORDS + OP_WORDS * len(chosen), dtype=np.int64)
        parameters: list[tuple[nn.Module, str]] = []
        places: list[tuple[int, int]] = []
        buffers: list[tuple[nn.Module, str]] = []
        buffer_places: list[int] = []

        def normalised(norm: nn.BatchNorm2d, at: int) -> None:
            if norm.affine:
                parameters.extend([(norm, "weight"), (norm, "bias")])
                places.extend([(at, at + 5), (at + 1, at + 6)])
            if norm.running_mean is not None:
                buffers.extend((norm, n) for n in ("running_mean", "running_var", "num_batches_tracked"))
                buffer_places.extend((at + 2, at + 3, at + 4))

        for i, (convolutions, norm) in enumerate(self.operations.inputs):
            at = i * INPUT_WORDS
            words[at : at + 2] = convolutions[0].in_channels, len(convolutions) == 2
            for j, convolution in enumerate(convolutions):
                parameters.append((convolution, "weight"))
                places.append((at + 6 + j, at + 8 + j))
            normalised(norm, at + 10)
        for i, o in enumerate(chosen):
            at = 2 * INPUT_WORDS + i * OP_WORDS
            gate = o.row * columns + o.column if columns else -1
            words[at : at + 7] = o.source, o.target, o.kind, o.kernel, o.dilation, gate, len(o.norms) > 0
            for place, convolution in o.convolutions:
                parameters.append((convolution, "weight"))
                places.append((at + 7 + place, at + 11 + place))
            for j, norm in enumerate(o.norms):
                normalised(norm, at + 15 + 7 * j)
        both = np.array(places, dtype=np.int64)
        return Layout(
            words,
            len(chosen),
            parameters,
            both[:, 0],
            both[:, 1],
            buffers,
            np.array(buffer_places, dtype=np.int64),
        )


def _rows(x: torch.Tensor) -> torch.Tensor:
    """`n x c x h x w` as contiguous `n x h x w x c`, without a copy where channels lie last."""
    return x.permute(0, 2, 3, 1).contiguous()


class _Run(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, cell: NativeCell, layout: Layout, kernels: Kernels, keep: bool, gates: torch.Tensor | None,
        s0: torch.Tensor, s1: torch.Tensor, *weights: torch.Tensor,
    ) -> torch.Tensor:  # fmt: skip
        inputs, dtype, norm = (_rows(s0), _rows(s1)), s0.dtype, cell.operations.norms[0]
        words = layout.words.copy()
        for i, x in enumerate(inputs):
            words[i * INPUT_WORDS + 2 : i * INPUT_WORDS + 5] = x.shape[1], x.shape[2], x.data_ptr()
        words[layout.places] = [weight.data_ptr() for weight in weights]
        buffers = [cast(torch.Tensor, module._buffers[name]) for module, name in layout.buffers]
        words[layout.buffer_places] = [buffer.data_ptr() for buffer in buffers]
        n, h, w, _ = inputs[1].shape
        height, width = -(-h // cell.stride), -(-w // cell.stride)
        out = WORKSPACE.empty((n, height, width, cell.nodes * cell.channels), dtype)
        batch_statistics = norm.training or norm.running_mean is None
        call = CellCall(
            n=n, h=h, w=w, c=cell.channels, nodes=cell.nodes, reduces=cell.stride == 2, ops=layout.operations,
            batch_statistics=batch_statistics, update=norm.training and norm.track_running_stats,
            threads=torch.get_num_threads(), eps=norm.eps,
            momentum=-1.0 if norm.momentum is None else norm.momentum,
            op=words.ctypes.data + 8 * 2 * INPUT_WORDS, input=words.ctypes.data,
            gates=0 if gates is None else gates.data_ptr(), out=out.data_ptr(),
        )  # fmt: skip
        mode = FORWARD if keep or batch_statistics else EVALUATE
        saved, scratch = map(_memory, kernels.bytes(call, dtype, mode))
        call.saved, call.scratch = saved.data_ptr(), scratch.data_ptr()
        (kernels.forward if mode == FORWARD else kernels.evaluate)(call, dtype)
        if keep:
            ctx.save_for_backward(saved, gates, *inputs, out, *weights)
            ctx.call, ctx.words, ctx.layout, ctx.kernels = call, words, layout, kernels
        return out.permute(0, 3, 1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        _, gates, s0, s1, out, *weights = ctx.saved_tensors
        call, words, layout = ctx.call, ctx.words, ctx.layout
        dtype, gout = out.dtype, _rows(gradient)
        wants = ctx.needs_input_grad[4:]
        ggates = torch.zeros_like(gates) if wants[0] else None
        gx = [
            WORKSPACE.empty(s.shape, dtype) if want else None
            for s, want in zip((s0, s1), wants[1:3], strict=True)
        ]
        for i, g in enumerate(gx):
            words[i * INPUT_WORDS + 5] = 0 if g is None else g.data_ptr()
        found: list[torch.Tensor | None] = [None] * len(weights)
        if any(wants[3:]):
            sizes = [weight.numel() for weight in weights]
            flat = WORKSPACE.empty((sum(sizes),), dtype)
            starts = np.cumsum([0, *sizes[:-1]])
            words[layout.gradients] = flat.data_ptr() + starts * dtype.itemsize
            views = torch._C._nn.unflatten_dense_tensors(flat, weights)
            found = [view if want else None for view, want in zip(views, wants[3:], strict=True)]
        call.gout, call.ggates = gout.data_ptr(), 0 if ggates is None else ggates.data_ptr()
        scratch = _memory(ctx.kernels.bytes(call, dtype, BACKWARD)[1])
        call.scratch = scratch.data_ptr()
        ctx.kernels.backward(call, dtype)
        back = [None if g is None else g.permute(0, 3, 1, 2) for g in gx]
        return (None, None, None, None, ggates, *back, *found)


def _memory(size: int) -> torch.Tensor:
    return WORKSPACE.empty((size,), torch.uint8)
