"""Files written beside their place and renamed there, so that a reader finds a whole file or none."""

from __future__ import annotations

import os
import shlex
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def quoted(path: str | os.PathLike[str]) -> str:
    """A path as a shell reads it."""
    return shlex.quote(os.fspath(path))


LEFT = ".gapless-*.tmp"
"""What a process that was killed while it wrote leaves behind."""


def hidden(path: Path) -> Path:
    """A name in the same folder that nobody else uses."""
    return path.parent / LEFT.replace("*", uuid.uuid4().hex)


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A path in the same folder to write to; renamed to ``path`` at the end, removed on any error.

    Raises:
        OSError: the disk is full, or the place cannot be written; callers say what that means to them.
    """
    name = hidden(path)
    try:
        yield name
        with name.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(name, path)
    finally:
        name.unlink(missing_ok=True)
