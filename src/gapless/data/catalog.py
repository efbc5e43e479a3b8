"""Data sets by name."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gapless.core.errors import BadValue, UnknownName
from gapless.data import digits, folder, official
from gapless.data.arrays import Arrays
from gapless.data.batches import Data, assemble
from gapless.data.images import Images, Memory, Rows
from gapless.data.split import SMALLEST_LIMIT, divide

_SETS: dict[str, Callable[[Path], Arrays]] = {
    "digits": digits.read,
    "fashion-mnist": official.fashion_mnist,
    "cifar10": official.cifar10,
    "cifar100": official.cifar100,
}


def names() -> tuple[str, ...]:
    """What ``get`` knows; ``folder:PATH`` stands for any folder of images."""
    return (*_SETS, "folder:PATH")


def get(
    name: str,
    *,
    root: str | None = None,
    place: str | None = None,
    size: int | None = None,
    limit: int | None = None,
    split_seed: int = 0,
) -> Data:
    """A data set, split into ``train``, ``val``, ``audit`` and ``test``.

    ``digits`` comes with scikit-learn; ``fashion-mnist``, ``cifar10`` and ``cifar100`` are read from
    ``root``, else downloaded there; ``folder:PATH`` holds one folder a class, see ``folder.read``.

    Args:
        root: where downloaded sets live; the environment variable ``GAPLESS_DATA`` or ``~/.cache/gapless``
            where None.
        place: where the images of ``folder:PATH`` lie; PATH where None.
        size: side in pixels that images are brought to; as they are where None, but see ``folder.read``.
        limit: most images outside ``test`` to keep, ``test`` in proportion; all where None.
        split_seed: of the division into splits, which does not depend on the seed of a run.

    Raises:
        UnknownName: no data set of that name.
        BadValue: a size or limit below 8, a folder without its path.
        BadData: what is there cannot be trained on; the file is named where there is one.
    """
    name = str(name)
    for what, value in (("size", size), ("limit", limit)):
        if value is not None and value < SMALLEST_LIMIT:
            raise BadValue(
                expected=f"a {what} of at least {SMALLEST_LIMIT}",
                got=str(value),
                do="raise it or leave it out",
            )
    kind, colon, path = name.partition(":")
    if kind == "folder":
        if not colon or not path.strip():
            raise BadValue(
                expected="folder:PATH", got=f"'{name}'", do="write the folder of images after the colon"
            )
        found = folder.read(place or path, size=size, limit=limit, split_seed=split_seed)
        return replace(found, name=name)
    if name not in _SETS:
        if name.strip() and _is_folder(name):
            raise BadValue(
                expected="the name of a data set", got=f"the folder '{name}'", do=f"write folder:{name}"
            )
        raise UnknownName("data set", name, names())
    arrays = _SETS[name](_root(root))
    plan = divide(arrays.labels, arrays.classes, given_test=arrays.given_test, limit=limit, seed=split_seed)

    def load(rows: Rows) -> Images:
        return Memory(arrays.pixels(rows, size))

    return assemble(name, arrays.classes, arrays.labels, plan, load, arrays.augment)


def _is_folder(name: str) -> bool:
    try:
        return Path(name).expanduser().is_dir()
    except (OSError, RuntimeError):  # nothing that a file system could hold
        return False


def _root(root: str | None) -> Path:
    chosen = root or os.environ.get("GAPLESS_DATA") or "~/.cache/gapless"
    return Path(chosen).expanduser()
