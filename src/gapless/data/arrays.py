"""A data set read whole into memory, before it is split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from gapless.data.augment import Augment
from gapless.data.images import Rows


@dataclass(frozen=True, eq=False)
class Arrays:
    """Images, classes and what is recommended for them.

    Args:
        images: `n x c x h x w`, ``uint8`` or ``float32``.
        labels: `n`.
        classes: their names.
        given_test: which images are the official test set, `n`; None where there is none.
        augment: what is recommended for training.
    """

    images: Tensor
    labels: Rows
    classes: tuple[str, ...]
    given_test: NDArray[np.bool_] | None
    augment: Augment

    def pixels(self, rows: Rows, size: int | None) -> Tensor:
        """Images of the given rows, resized to `size x size` pixels unless they are or it is None."""
        chosen = self.images[torch.from_numpy(rows)]
        if size is None or chosen.shape[2:] == (size, size):
            return chosen
        parts = [_resize(chosen[start : start + 1024], size) for start in range(0, len(chosen), 1024)]
        return torch.cat(parts)


def _resize(part: Tensor, size: int) -> Tensor:
    wide = functional.interpolate(part.float(), (size, size), mode="bilinear", antialias=True)
    return wide.round().clamp(0, 255).to(torch.uint8) if part.dtype == torch.uint8 else wide
