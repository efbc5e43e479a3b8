"""Which of the equal ways of computing a cell is taken: the fast ones, or the plain list of modules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

import torch
from torch.nn.modules.module import _has_any_global_hook

Way = Literal["plain", "torch", "native"]

_ONLY: ContextVar[Way | None] = ContextVar("only", default=None)


@contextmanager
def only(way: Way) -> Iterator[None]:
    """Within, every network is computed this way, or as the plain list of its modules where it cannot be.

    For tests and benchmarks; otherwise the fastest way that can be taken is.
    """
    token = _ONLY.set(way)
    try:
        yield
    finally:
        _ONLY.reset(token)


@contextmanager
def plain() -> Iterator[None]:
    """Within, every network is computed as the plain list of its modules.

    For what looks at modules or operations one by one: hooks, tracing, derivatives of derivatives.
    """
    with only("plain"):
        yield


def allowed(x: torch.Tensor, way: Way) -> bool:
    """Whether ``x`` may go this way instead of through each module: nobody traces, counts or hooks in."""
    return _ONLY.get() in (None, way) and _unwatched(x)


def laid_out(x: torch.Tensor) -> torch.Tensor:
    """Images with channels last where that pays: `n x c x h x w`, the same numbers."""
    pays = x.device.type == "cpu" and _ONLY.get() != "plain" and _unwatched(x)
    return x.contiguous(memory_format=torch.channels_last) if pays else x


def _unwatched(x: torch.Tensor) -> bool:
    return type(x) is torch.Tensor and not (
        torch._C._len_torch_dispatch_stack()
        or torch._C._functorch.peek_interpreter_stack() is not None
        or torch._C._get_tracing_state() is not None
        or torch.compiler.is_compiling()
        or _has_any_global_hook()  # type: ignore[no-untyped-call]
    )
