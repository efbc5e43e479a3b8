"""AutoAugment on batches: one draw an image, all chance from the seed, labels and statistics left alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor

import gapless.data
import gapless.methods
from gapless.core import Streams
from gapless.core.errors import BadValue, UnknownName
from gapless.data.policy import LEARNED, AutoAugment
from gapless.testing.methods import SPACES, shortened, started


def images(n: int = 40, channels: int = 3, side: int = 16) -> Tensor:
    draw = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (n, channels, side, side), generator=draw, dtype=torch.uint8)


@pytest.mark.parametrize("policy", LEARNED)
@pytest.mark.parametrize("channels", [1, 3])
def test_form_and_chance(policy, channels: int) -> None:
    x, apply = images(channels=channels), AutoAugment(policy)
    before, state = x.clone(), torch.get_rng_state()
    once = apply(x, 1)
    assert (once.shape, once.dtype) == (x.shape, x.dtype)
    assert torch.equal(x, before)
    torch.rand(3)
    assert torch.equal(apply(x, 1), once)
    torch.set_rng_state(state)
    apply(x, 2)
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(apply(x, 2), once)


def test_every_image_has_a_draw_of_its_own() -> None:
    """40 copies of one image: alike only where the same pair came, and 25 pairs can come."""
    copies = images(1).expand(40, -1, -1, -1)
    different = {tuple(image.flatten().tolist()) for image in AutoAugment()(copies, 0)}
    assert len(different) > 12


def test_what_it_cannot_augment_is_refused() -> None:
    with pytest.raises(BadValue, match="8-bit images with 1 or 3 channels"):
        AutoAugment()(images().float(), 0)
    with pytest.raises(BadValue, match="2 channels"):
        AutoAugment()(images(channels=2), 0)
    with pytest.raises(UnknownName, match="did you mean 'cifar10'"):
        AutoAugment("cifar")  # type: ignore[arg-type]


@dataclass(frozen=True)
class Black:
    """Everything black: easy to see after normalisation."""

    def __call__(self, x: Tensor, seed: int) -> Tensor:
        return torch.zeros_like(x)


@dataclass(frozen=True)
class Seed:
    """The seed's last digits as gray."""

    def __call__(self, x: Tensor, seed: int) -> Tensor:
        return torch.full_like(x, seed % 251)


def test_batches_are_augmented_raw_in_order_and_anew_each_step() -> None:
    data, streams = gapless.data.get("digits", limit=60), Streams(0)

    def batch(step: int = 0, policies=(), split: str = "train") -> tuple[Tensor, Tensor]:
        return data.batch(split, step, 8, streams, "cpu", augment=data.augment, policies=policies)

    x, y = batch()
    black, labels = batch(policies=(Black(),))
    assert torch.equal(labels, y)
    assert torch.allclose(black, torch.full_like(x, -data.mean[0] / data.std[0]), atol=1e-6)
    assert torch.equal(batch(policies=(Seed(), Black()))[0], black)
    grays = {batch(step, (Seed(),) * i)[0].unique().item() for step in range(3) for i in (1, 2)}
    assert len(grays) == 6
    assert torch.equal(batch(2, (AutoAugment(),))[0], batch(2, (AutoAugment(),))[0])


def test_a_search_augments_what_the_weights_learn_from() -> None:
    recipe = shortened(gapless.methods.get("darts", "quick"))
    plain, black = (started(replace(recipe, augment=a), SPACES[0]) for a in ((), (Black(),)))
    (x, y), val = plain.batches()
    (dark, labels), same = black.batches()
    assert torch.equal(y, labels)
    assert dark.unique().numel() == 1 < x.unique().numel()
    assert all(torch.equal(a, b) for a, b in zip(val, same, strict=True))
