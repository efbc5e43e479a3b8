"""Policies: what is done to single raw images of a training batch beside flip, shift and cutout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from gapless.core.errors import BadValue, UnknownName

LEARNED = ("cifar10", "imagenet", "svhn")


class Policy(Protocol):
    """A frozen value."""

    def __call__(self, images: Tensor, seed: int) -> Tensor:
        """Raw images `n x c x h x w` to as many of the same kind; all chance comes from the seed."""
        ...


@dataclass(frozen=True)
class AutoAugment:
    """For each image one of 25 learned pairs of operations, each applied with a learned probability.

    Reference: Cubuk et al. 2019, tables 7 to 9, as torchvision has them: SamplePairing and cutout are not
    among them, and the largest shift is 150 / 331 of the side.

    Args:
        policy: the data set that the pairs were learned on.

    Raises:
        UnknownName: no such policy.
    """

    policy: Literal["cifar10", "imagenet", "svhn"] = "cifar10"

    def __post_init__(self) -> None:
        if self.policy not in LEARNED:
            raise UnknownName("policy of AutoAugment", self.policy, LEARNED)

    def __call__(self, images: Tensor, seed: int) -> Tensor:
        """Raises:
        BadValue: images that are not of 8 bits, or neither gray nor of three colours.
        """
        from torchvision.transforms.autoaugment import AutoAugmentPolicy
        from torchvision.transforms.v2 import AutoAugment as Learned  # type: ignore[attr-defined]

        if images.dtype != torch.uint8 or images.shape[1] not in (1, 3):
            raise BadValue(
                expected="8-bit images with 1 or 3 channels for AutoAugment",
                got=f"{images.dtype} with {images.shape[1]} channels",
                do="search without it (--set augment=())",
            )
        transform = Learned(AutoAugmentPolicy(self.policy))
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            return torch.stack([transform(image) for image in images])
