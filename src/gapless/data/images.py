"""Where raw images come from: memory, or files that are decoded when they are asked for."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gapless.data.decode import Form, decode

Rows = NDArray[np.int64]

MEMORY_LIMIT = 1 << 30
"""Bytes of 8-bit pixels up to which a folder is held in memory: 1 GiB."""

_AHEAD = 4
_WORKERS = min(16, os.cpu_count() or 1)

_Piece = Future[list[NDArray[np.uint8]]]


class Images(Protocol):
    """Raw images `c x h x w` by row.

    ``full`` is the raw value of white: 255 for 8-bit images, 1 for images kept as floating point.
    """

    @property
    def form(self) -> Form:
        """Channels, height and width of every image."""
        ...

    @property
    def full(self) -> float: ...

    @property
    def lazy(self) -> bool:
        """Whether reading takes long enough for ``expect`` to be worth its call."""
        ...

    def read(self, rows: Rows, device: torch.device) -> Tensor:
        """Images `n x c x h x w` on the device, in the order of ``rows``; never a view to write into."""
        ...

    def expect(self, rows: Rows) -> None:
        """Announce a later ``read`` of the same rows."""
        ...

    def digest(self) -> str:
        """SHA-256 of what identifies the images, in hexadecimal."""
        ...


class Memory:
    """Images in memory, copied to each device once.

    Args:
        pixels: `n x c x h x w`, ``uint8`` or ``float32``.
    """

    lazy = False

    def __init__(self, pixels: Tensor) -> None:
        self.pixels = pixels.contiguous()
        self.form = Form(*pixels.shape[1:])
        self.full = 255.0 if pixels.dtype == torch.uint8 else 1.0
        self._on: dict[torch.device, Tensor] = {}

    def read(self, rows: Rows, device: torch.device) -> Tensor:
        if device not in self._on:
            self._on[device] = self.pixels.to(device)
        return self._on[device].index_select(0, torch.from_numpy(rows).to(device))

    def expect(self, rows: Rows) -> None:
        pass

    def digest(self) -> str:
        head = f"{self.pixels.dtype} {tuple(self.pixels.shape)}".encode()
        return hashlib.sha256(head + b"\0" + self.pixels.numpy().tobytes()).hexdigest()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_on": {}}


class Files:
    """Image files, decoded by several threads when they are asked for.

    Args:
        root: the folder that the names are relative to.
        names: one file an image.
        form: what every image is brought to.
    """

    lazy = True
    full = 255.0

    def __init__(self, root: Path, names: Sequence[str], form: Form) -> None:
        self.root, self.names, self.form = root, tuple(names), form
        self._pool: ThreadPoolExecutor | None = None
        self._coming: OrderedDict[bytes, list[_Piece]] = OrderedDict()

    def read(self, rows: Rows, device: torch.device) -> Tensor:
        futures = self._coming.pop(rows.tobytes(), None) or self._decode(rows)
        pixels = np.empty((len(rows), *self.form.chw), np.uint8)
        decoded = (image for future in futures for image in future.result())
        for place, image in zip(pixels, decoded, strict=True):
            place[...] = image
        return torch.from_numpy(pixels).to(device)

    def expect(self, rows: Rows) -> None:
        key = rows.tobytes()
        if key in self._coming:
            return
        while len(self._coming) >= _AHEAD:
            for future in self._coming.popitem(last=False)[1]:
                future.cancel()
        self._coming[key] = self._decode(rows)

    def digest(self) -> str:
        digest = hashlib.sha256(str(self.form).encode())
        for name in self.names:
            size = (self.root / name).stat().st_size
            digest.update(b"\0" + os.fsencode(name) + b"\0" + str(size).encode())
        return digest.hexdigest()

    def load(self) -> Memory:
        """All of them, decoded now."""
        rows = np.arange(len(self.names), dtype=np.int64)
        pixels = torch.empty((len(rows), *self.form.chw), dtype=torch.uint8)
        for start in range(0, len(rows), 1024):
            part = rows[start : start + 1024]
            pixels[start : start + len(part)] = self.read(part, torch.device("cpu"))
        return Memory(pixels)

    def _decode(self, rows: Rows) -> list[_Piece]:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_WORKERS, "gapless-decode")
        step = max(1, len(rows) // (2 * _WORKERS))
        return [self._pool.submit(self._piece, rows[i : i + step]) for i in range(0, len(rows), step)]

    def _piece(self, rows: Rows) -> list[NDArray[np.uint8]]:
        return [decode(self.root / self.names[row], self.form) for row in rows]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_pool": None, "_coming": OrderedDict()}
