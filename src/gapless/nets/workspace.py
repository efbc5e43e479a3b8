"""Workspace: memory that is used again instead of being asked of the system at every step.

Fresh pages are several times slower than warm ones, and an allocator returns large blocks to the system
as soon as they are freed. A tensor from here gives its memory back when the last reference to it goes.
"""

from __future__ import annotations

import mmap
import threading
import weakref
from collections.abc import Sequence
from math import prod

import torch

_PAGE = 1 << 16
_SLACK = 1.125


class Workspace:
    """Blocks of memory, in use or idle; idle ones are reused.

    Together they are never more than the most that was in use at once: a block that fits closely is
    preferred, beyond that bound any that is large enough is taken, and before a new one is made idle ones
    are dropped, oldest first.
    """

    def __init__(self) -> None:
        self._idle: list[mmap.mmap] = []
        self._used = self._most = 0
        self._lock = threading.RLock()

    def empty(self, shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
        """An uninitialised, contiguous CPU tensor."""
        count = prod(shape)
        size = max(count * dtype.itemsize, 1)
        block = self._block(-(-size // _PAGE) * _PAGE)
        view = memoryview(block)
        weakref.finalize(view, self._back, block)
        return torch.frombuffer(view, dtype=dtype, count=max(count, 1))[:count].view(tuple(shape))

    def idle(self) -> int:
        """Bytes that are kept for later."""
        return sum(map(len, self._idle))

    def used(self) -> int:
        """Bytes of tensors that are alive."""
        return self._used

    def clear(self) -> None:
        """Returns idle memory to the system."""
        with self._lock:
            self._idle.clear()

    def _block(self, size: int) -> mmap.mmap:
        with self._lock:
            idle = self.idle()
            full = self._used + idle + size > self._most
            fitting = [b for b in self._idle if size <= len(b) and (full or len(b) <= _SLACK * size)]
            if fitting:
                best = min(fitting, key=len)
                self._idle = [b for b in self._idle if b is not best]
                self._use(len(best))
                return best
            while self._idle and self._used + idle + size > self._most:
                idle -= len(self._idle.pop(0))
            self._use(size)
        block = mmap.mmap(-1, size)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            block.madvise(mmap.MADV_HUGEPAGE)
        return block

    def _use(self, size: int) -> None:
        self._used += size
        self._most = max(self._most, self._used)

    def _back(self, block: mmap.mmap) -> None:
        with self._lock:
            self._used -= len(block)
            self._idle.append(block)
