"""Augmentation of a whole batch on its device, with random numbers of its own for every image."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from gapless.core.errors import BadValue


@dataclass(frozen=True)
class Augment:
    """What is done to the training images; nothing by default.

    Args:
        flip: mirror left and right with probability 1/2.
        shift: pad every side by this many black pixels and crop at random to the old size.
        cutout: side in pixels of a square set to the mean, its centre anywhere in the image; none where 0.

    Raises:
        BadValue: a negative number of pixels.

    Reference: flip and padded crop as in He et al. 2016 (arXiv 1512.03385, section 4.2); cutout as in
    DeVries and Taylor 2017 (arXiv 1708.04552).
    """

    flip: bool = False
    shift: int = 0
    cutout: int = 0

    def __post_init__(self) -> None:
        if min(self.shift, self.cutout) < 0:
            raise BadValue(
                expected="shift and cutout of 0 pixels or more",
                got=f"shift {self.shift}, cutout {self.cutout}",
                do="use 0 to switch one off",
            )

    def fits(self, height: int, width: int) -> None:
        """Refuse an augmentation that can leave nothing of an image.

        Raises:
            BadValue: shift or cutout is not smaller than the shorter side.
        """
        side = min(height, width)
        if max(self.shift, self.cutout) >= side:
            raise BadValue(
                expected=f"shift and cutout below {side} pixels, the shorter side of the images",
                got=f"shift {self.shift}, cutout {self.cutout}",
                do="lower them",
            )


def draw(n: int, seed: int) -> Tensor:
    """The random numbers of a batch, `n x 5` in [0, 1), the same on every device.

    Columns: flip, shift down, shift right, cutout row, cutout column. All five are always drawn, so
    switching one transformation off leaves the others as they were.
    """
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, 5, generator=generator, dtype=torch.float64)


def crop(images: Tensor, augment: Augment, chance: Tensor) -> Tensor:
    """Flip and shift `n x c x h x w` raw images, given their `n x 5` random numbers."""
    n, channels, height, width = images.shape
    shift, device = augment.shift, images.device
    if not (augment.flip or shift):
        return images
    offset = (chance[:, 1:3] * (2 * shift + 1)).long().to(device)
    column = torch.arange(width, device=device).expand(n, width)
    if augment.flip:
        column = torch.where((chance[:, :1] < 0.5).to(device), column.flip(1), column)
    rows = offset[:, :1] + torch.arange(height, device=device)
    columns = offset[:, 1:] + column
    pixel = rows[:, :, None] * (width + 2 * shift) + columns[:, None, :]
    padded = functional.pad(images, (shift,) * 4) if shift else images
    index = pixel.view(n, 1, -1).expand(n, channels, -1)
    return padded.reshape(n, channels, -1).gather(2, index).view(n, channels, height, width)


def erase(images: Tensor, augment: Augment, chance: Tensor) -> Tensor:
    """Set a square of every normalised `n x c x h x w` image to 0, given their `n x 5` random numbers."""
    side = augment.cutout
    if not side:
        return images
    _, _, height, width = images.shape

    def inside(column: int, length: int) -> Tensor:
        start = (chance[:, column : column + 1] * length).long().to(images.device) - side // 2
        place = torch.arange(length, device=images.device)
        return (place >= start) & (place < start + side)

    hole = inside(3, height)[:, :, None] & inside(4, width)[:, None, :]
    return images.masked_fill(hole[:, None], 0)
