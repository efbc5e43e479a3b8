"""The native kernels as this process can call them: which library, how many threads, and why not."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch

from gapless.native.build import library, sets

FORWARD, BACKWARD, EVALUATE = range(3)


class CellCall(ctypes.Structure):
    """``Cell`` of native/cell.h."""

    _fields_ = (
        ("n", ctypes.c_int64), ("h", ctypes.c_int64), ("w", ctypes.c_int64),
        ("c", ctypes.c_int64), ("nodes", ctypes.c_int64), ("reduces", ctypes.c_int64),
        ("ops", ctypes.c_int64),
        ("batch_statistics", ctypes.c_int64), ("update", ctypes.c_int64), ("threads", ctypes.c_int64),
        ("eps", ctypes.c_double), ("momentum", ctypes.c_double),
        ("op", ctypes.c_void_p), ("input", ctypes.c_void_p),
        ("gates", ctypes.c_void_p), ("ggates", ctypes.c_void_p),
        ("out", ctypes.c_void_p), ("gout", ctypes.c_void_p),
        ("saved", ctypes.c_void_p), ("scratch", ctypes.c_void_p),
    )  # fmt: skip


@dataclass(frozen=True)
class Kernels:
    """A loaded library.

    Args:
        instructions: the instruction set that it was built for.
        threaded: whether it runs on torch's threads, or on the caller's alone.
        most: operations and nodes of a cell and channels of a state that it takes.
    """

    instructions: str
    threaded: bool
    most: tuple[int, int, int]
    _library: ctypes.CDLL

    def bytes(self, call: CellCall, dtype: torch.dtype, mode: int) -> tuple[int, int]:
        """Bytes of saved and of scratch memory for `FORWARD`, `BACKWARD` or `EVALUATE`."""
        sizes = (ctypes.c_int64 * 2)()
        at = ctypes.addressof(sizes)
        self._library.gapless_bytes(ctypes.byref(call), dtype.itemsize == 8, mode, at, at + 8)
        return sizes[0], sizes[1]

    def forward(self, call: CellCall, dtype: torch.dtype) -> None:
        self._library.gapless_forward(ctypes.byref(call), dtype.itemsize == 8)

    def evaluate(self, call: CellCall, dtype: torch.dtype) -> None:
        """Forward with running statistics, where no backward follows."""
        self._library.gapless_evaluate(ctypes.byref(call), dtype.itemsize == 8)

    def backward(self, call: CellCall, dtype: torch.dtype) -> None:
        self._library.gapless_backward(ctypes.byref(call), dtype.itemsize == 8)


def supported() -> tuple[str, ...]:
    """Instruction sets that this processor and its operating system run, the widest first."""
    capability = torch.backends.cpu.get_cpu_capability()
    known = tuple(sets())
    if "generic" in known:
        return known
    return known if "AVX512" in capability else known[1:] if capability == "AVX2" else ()


@cache
def load() -> Kernels | str:
    """The kernels, or why there are none, in words."""
    for name in supported():
        path = library(name)
        if path.exists():
            try:
                return _opened(name, path)
            except OSError as error:
                return f"{path.name} cannot be loaded: {error}"
    return "none was built for this processor; with a C compiler, run 'python -m gapless.native.build'"


def _opened(name: str, path: Path) -> Kernels:
    found = ctypes.CDLL(str(path))
    for function in ("forward", "backward", "evaluate"):
        getattr(found, f"gapless_{function}").argtypes = (ctypes.c_void_p, ctypes.c_int64)
        getattr(found, f"gapless_{function}").restype = None
    found.gapless_bytes.argtypes = (ctypes.c_void_p, *[ctypes.c_int64] * 2, *[ctypes.c_void_p] * 2)
    found.gapless_bytes.restype = None
    found.gapless_limit.argtypes, found.gapless_limit.restype = (ctypes.c_int64,), ctypes.c_int64
    found.gapless_parallel.argtypes, found.gapless_parallel.restype = (ctypes.c_void_p,), None
    parallel = getattr(ctypes.CDLL(None), "GOMP_parallel", None)
    if parallel is not None:
        found.gapless_parallel(ctypes.cast(parallel, ctypes.c_void_p))
    limits = tuple(int(found.gapless_limit(i)) for i in range(3))
    return Kernels(name, parallel is not None, (limits[0], limits[1], limits[2]), found)
