"""Folders of images: one folder a class."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gapless.core.errors import BadData
from gapless.data.augment import Augment
from gapless.data.batches import Data, assemble
from gapless.data.decode import Form, header
from gapless.data.images import MEMORY_LIMIT, Files, Images, Rows
from gapless.data.split import divide

SMALLEST = 8
"""Pixels: the shortest side that images may have."""

KEPT = 96
"""Pixels: images that all have one size keep it up to this side."""

_DEFAULT = 64


def read(path: str, *, size: int | None = None, limit: int | None = None, split_seed: int = 0) -> Data:
    """Images in ``PATH/train/<class>/`` and ``PATH/test/<class>/``, or in ``PATH/<class>/``.

    ``PATH/val`` counts as training images. Without ``test`` all four splits come from what is there.
    Hidden files and files that are not images are passed over. Gray where every image is, else colour.

    Images of one size of at most 96 pixels keep it; others are resized by their
    shorter side and the middle square is kept.
    Up to 1 GiB is decoded at once and kept in memory; more is decoded a batch at a time, and a damaged
    file is then met when its batch comes; a run reads every file once before it begins.

    Args:
        path: the folder.
        size: side in pixels to resize to; where None, 64 or the median shorter side if that is less.
        limit: see ``split.divide``.
        split_seed: see ``split.divide``.

    Raises:
        BadData: no such folder, fewer than 2 classes, too few images in one, other classes in ``test``
            than in ``train``, a damaged image, an image below 8 x 8.
    """
    try:
        root = Path(path).expanduser()
        found = _scan(root)
    except (OSError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or error
        raise BadData(
            expected="a folder that can be read", got=f"'{path}' ({why})", do="check its permissions"
        ) from error
    plan = divide(found.labels, found.classes, given_test=found.given_test, limit=limit, seed=split_seed)
    form = _form(root, found.names, size)

    def load(rows: Rows) -> Images:
        files = Files(root, [found.names[row] for row in rows], form)
        small = len(rows) * form.channels * form.height * form.width <= MEMORY_LIMIT
        return files.load() if small else files

    augment = Augment(flip=True, shift=min(form.height, form.width) // 8)
    return assemble(f"folder:{path}", found.classes, found.labels, plan, load, augment)


@dataclass(frozen=True, eq=False)
class _Found:
    names: tuple[str, ...]
    labels: Rows
    classes: tuple[str, ...]
    given_test: NDArray[np.bool_] | None


def _scan(root: Path) -> _Found:
    if not root.is_dir():
        raise BadData(
            expected="a folder of images",
            got=f"'{root}', {'which is a file' if root.exists() else 'which does not exist'}",
            do="check the path; where a run's images were moved, --data folder:PATH says where to",
        )
    train, test, val = root / "train", root / "test", root / "val"
    if not _folders(train):
        if _folders(test):
            raise BadData(
                expected="train/<class>/ beside test/<class>/",
                got=f"'{root}' with class folders in test only",
                do="add the training images",
            )
        return _listed(root, [(root, False)])
    parts = [
        (train, False),
        *([(val, False)] if _folders(val) else []),
        *([(test, True)] if _folders(test) else []),
    ]
    titles = [folder.name for folder in _folders(train)]
    for part, _ in parts[1:]:
        others = [folder.name for folder in _folders(part)]
        if others != titles:
            odd = sorted(set(others) ^ set(titles))[0]
            raise BadData(
                expected=f"the same class folders in train and {part.name}",
                got=f"'{odd}' in {part.name if odd in others else 'train'} only",
                do="rename, add or remove that folder",
            )
    return _listed(root, parts)


def _listed(root: Path, parts: Sequence[tuple[Path, bool]]) -> _Found:
    titles = [folder.name for folder in _folders(parts[0][0])]
    if len(titles) < 2:
        what = f"1 ('{titles[0]}')" if titles else "none"
        raise BadData(
            expected=f"at least 2 class folders in '{parts[0][0]}'",
            got=what,
            do="put the images of each class in a folder",
        )
    names: list[str] = []
    labels: list[int] = []
    tests: list[bool] = []
    for part, is_test in parts:
        for number, title in enumerate(titles):
            here = _files(part / title)
            if not here and is_test:
                raise BadData(
                    expected="at least 1 test image in every class",
                    got=f"none in '{part / title}'",
                    do="add images or remove the class",
                )
            names += [path.relative_to(root).as_posix() for path in here]
            labels += [number] * len(here)
            tests += [is_test] * len(here)
    if not names:
        raise BadData(
            expected=f"images in '{root}'", got="none", do=f"add files of the kinds {' '.join(_extensions())}"
        )
    given = np.array(tests) if any(tests) else None
    return _Found(tuple(names), np.array(labels, dtype=np.int64), tuple(titles), given)


def _folders(path: Path) -> list[Path]:
    if not path.is_dir():
        return []
    return sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def _files(path: Path) -> list[Path]:
    kinds = _extensions()
    return sorted(
        entry
        for entry in path.iterdir()
        if entry.suffix.lower() in kinds and not entry.name.startswith(".") and entry.is_file()
    )


def _extensions() -> tuple[str, ...]:
    from torchvision.datasets.folder import IMG_EXTENSIONS

    return (*IMG_EXTENSIONS, ".gif")


def _form(root: Path, names: Sequence[str], size: int | None) -> Form:
    pieces = [names[start : start + 256] for start in range(0, len(names), 256)]
    with ThreadPoolExecutor(min(16, os.cpu_count() or 1)) as pool:
        heads = [
            head for part in pool.map(lambda p: [header(root / name) for name in p], pieces) for head in part
        ]
    short = np.array([min(head.height, head.width) for head in heads])
    if short.min() < SMALLEST:
        row = int(short.argmin())
        raise BadData(
            expected=f"images of at least {SMALLEST} x {SMALLEST} pixels",
            got=f"'{root / names[row]}' of {heads[row].height} x {heads[row].width}",
            do="remove or enlarge it",
        )
    channels = max(head.channels for head in heads)
    sizes = {(head.height, head.width) for head in heads}
    height, width = max(sizes)
    if size is None and len(sizes) == 1 and max(height, width) <= KEPT:
        return Form(channels, height, width)
    side = size or max(SMALLEST, min(_DEFAULT, int(np.median(short))))
    return Form(channels, side, side)
