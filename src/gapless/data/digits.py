"""The 8 x 8 digits that come with scikit-learn: 1,797 gray images, no download."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from gapless.data.arrays import Arrays
from gapless.data.augment import Augment


def read(_root: Path) -> Arrays:
    """All of them; values 0..16 become 0..255. They come with the package, no root is needed.

    Reference: Alpaydin and Kaynak 1998, Optical Recognition of Handwritten Digits (UCI repository).
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)[:, None]
    labels = bunch.target.astype(np.int64)
    classes = tuple(str(digit) for digit in range(10))
    return Arrays(torch.from_numpy(images), labels, classes, None, Augment(shift=1))
