"""Data sets with an official test set, read by torchvision: from a local copy first, else downloaded."""

from __future__ import annotations

import contextlib
import gzip
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gapless.core.errors import BadData
from gapless.data.arrays import Arrays
from gapless.data.augment import Augment
from gapless.data.images import Rows

FASHION_PLACES = (Path("/usr/share/datasets/fashion-mnist"), Path("/usr/share/dataset-fashion-mnist"))
"""Where the Debian package dataset-fashion-mnist installs."""

_IDX = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def cifar10(root: Path) -> Arrays:
    """CIFAR-10, 50,000 + 10,000 colour images of 32 x 32.

    Reference: Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images.

    Raises:
        BadData: neither a local copy nor a download.
    """
    return _cifar("CIFAR10", root)


def cifar100(root: Path) -> Arrays:
    """CIFAR-100, 50,000 + 10,000 colour images of 32 x 32; see ``cifar10``."""
    return _cifar("CIFAR100", root)


def fashion_mnist(root: Path) -> Arrays:
    """Fashion-MNIST, 60,000 + 10,000 gray images of 28 x 28.

    Looks for the four idx files, gzipped or not, in ``root/FashionMNIST/raw``, in ``root`` and where
    Debian installs them.

    Reference: Xiao, Rasul and Vollgraf 2017 (arXiv 1708.07747).

    Raises:
        BadData: neither a local copy nor a download, or a damaged file.
    """
    from torchvision.datasets import FashionMNIST

    classes = tuple(str(title) for title in FashionMNIST.classes)
    augment = Augment(flip=True, shift=2)
    for place in (root / "FashionMNIST" / "raw", root, *FASHION_PLACES):
        try:
            found = _idx_files(place)
        except OSError as error:
            raise BadData(
                expected=f"a folder that can be read at '{place}'",
                got=error.strerror or type(error).__name__,
                do="check its permissions, or name another with --root",
            ) from error
        if found is not None:
            train, train_labels, test, test_labels = (_idx(path) for path in found)
            return _joined(train[:, None], train_labels, test[:, None], test_labels, classes, augment)
    halves = _fetched("FashionMNIST", root)
    train, test = (half.data[:, None] for half in halves)
    return _joined(train, halves[0].targets, test, halves[1].targets, classes, augment)


def _cifar(kind: str, root: Path) -> Arrays:
    train, test = _fetched(kind, root)
    images = [torch.from_numpy(half.data).permute(0, 3, 1, 2) for half in (train, test)]
    labels = [torch.tensor(half.targets) for half in (train, test)]
    classes = tuple(str(title) for title in train.classes)
    return _joined(images[0], labels[0], images[1], labels[1], classes, Augment(flip=True, shift=4))


def _fetched(kind: str, root: Path) -> tuple[Any, Any]:
    from torchvision import datasets

    reader = getattr(datasets, kind)
    # Standard output belongs to the caller; NumPy 2.4 warns about the flags in CIFAR's pickles.
    with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return reader(str(root), train=True), reader(str(root), train=False)
        except (RuntimeError, OSError):
            pass  # no local copy, or a damaged one
        try:
            halves = [reader(str(root), train=part, download=True) for part in (True, False)]
        except Exception as error:  # OSError, URLError, RuntimeError, tarfile.ReadError, ...
            raise BadData(
                expected=f"{kind} in '{root}', or a network to download it",
                got=f"neither ({str(error) or type(error).__name__})",
                do="put a copy there as torchvision expects it, or name its folder in GAPLESS_DATA",
            ) from error
    return halves[0], halves[1]


def _joined(
    train: Tensor,
    train_labels: Tensor,
    test: Tensor,
    test_labels: Tensor,
    classes: tuple[str, ...],
    augment: Augment,
) -> Arrays:
    for images, labels in ((train, train_labels), (test, test_labels)):
        if len(images) != len(labels):
            raise BadData(
                expected="as many labels as images",
                got=f"{len(images)} images, {len(labels)} labels",
                do="replace the files",
            )
    given_test = np.arange(len(train) + len(test)) >= len(train)
    labels_all: Rows = torch.cat([train_labels, test_labels]).numpy().astype(np.int64)
    return Arrays(torch.cat([train, test]), labels_all, classes, given_test, augment)


def _idx_files(place: Path) -> list[Path] | None:
    found = []
    for name in _IDX:
        both = (place / name, place / (name + ".gz"))
        there = [path for path in both if path.is_file()]
        if not there:
            return None
        found.append(there[0])
    return found


def _idx(path: Path) -> Tensor:
    from torchvision.datasets import mnist

    read = mnist.read_image_file if "images" in path.name else mnist.read_label_file
    try:
        if path.suffix != ".gz":
            result: Tensor = read(str(path))
            return result
        with tempfile.TemporaryDirectory() as folder:
            plain = Path(folder) / path.stem
            plain.write_bytes(gzip.decompress(path.read_bytes()))
            return read(str(plain))
    except Exception as error:  # a damaged file ends in EOFError, AssertionError, RuntimeError, KeyError, ...
        raise BadData(
            expected="an idx file of Fashion-MNIST",
            got=f"'{path}' ({str(error) or type(error).__name__})",
            do="replace that file",
        ) from error
