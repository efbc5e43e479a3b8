"""Files that a person names: whether they can be written, and writing them whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gapless.core import files
from gapless.core.errors import Refused


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Refused(
            expected=f"a file that can be written at '{path}'",
            got=error.strerror or type(error).__name__,
            do="name a file in an existing folder that is writable and has room",
        ) from error


def probe(path: Path) -> None:
    """Finds out whether a file can be written at ``path``, before there is anything to write.

    Raises:
        Refused: a folder is there, or the folder around it is missing or cannot be written.
    """
    with _refusing(path):
        folder = path.is_dir()
    if folder:
        raise Refused(
            expected=f"a file that can be written at '{path}'",
            got="a folder of that name",
            do="name a file inside it",
        )
    name = files.hidden(path)
    with _refusing(path):
        name.touch(exist_ok=False)
        name.unlink()


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A path in the same folder to write to; renamed to ``path`` at the end, removed on any error.

    Raises:
        Refused: the disk is full, or the place cannot be written.
    """
    with _refusing(path), files.beside(path) as name:
        yield name
