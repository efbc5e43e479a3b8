"""Which of the equal ways of computing a cell is taken: the fast ones, or the plain list of modules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch

_PLAIN: ContextVar[bool] = ContextVar("plain", default=False)


@contextmanager
def plain() -> Iterator[None]:
    """Within, every network is computed as the plain list of its modules.

    For what looks at modules or operations one by one: hooks, tracing, derivatives of derivatives.
    """
    token = _PLAIN.set(True)
    try:
        yield
    finally:
        _PLAIN.reset(token)


def allowed(x: torch.Tensor) -> bool:
    """Whether ``x`` may go through kernels that torch cannot look into: nobody traces or counts."""
    watched = torch._C._len_torch_dispatch_stack() or torch._C._functorch.peek_interpreter_stack() is not None
    return not _PLAIN.get() and type(x) is torch.Tensor and not watched and not torch.compiler.is_compiling()


def laid_out(x: torch.Tensor) -> torch.Tensor:
    """Images with channels last where that pays: `n x c x h x w`, the same numbers."""
    if not allowed(x) or x.device.type != "cpu":
        return x
    return x.contiguous(memory_format=torch.channels_last)
