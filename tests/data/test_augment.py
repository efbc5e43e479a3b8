from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gapless.core.errors import BadValue
from gapless.data import Augment
from gapless.data.augment import crop, draw, erase

fast = settings(derandomize=True, deadline=None, max_examples=40)


def chance(
    flip: float = 0.9, down: float = 0.5, right: float = 0.5, row: float = 0.0, column: float = 0.0
) -> Tensor:
    return torch.tensor([[flip, down, right, row, column]], dtype=torch.float64)


def image(height: int = 8, width: int = 8) -> Tensor:
    return torch.arange(1, 1 + height * width, dtype=torch.uint8).view(1, 1, height, width)


def moved(x: Tensor, down: int, right: int) -> Tensor:
    """What a plain loop gives for a shift of the image content, black where nothing is."""
    out = torch.zeros_like(x)
    height, width = x.shape[-2:]
    for i in range(height):
        for j in range(width):
            if 0 <= i - down < height and 0 <= j - right < width:
                out[..., i, j] = x[..., i - down, j - right]
    return out


def test_flip_mirrors_left_and_right_only() -> None:
    x = image(8, 9)
    assert torch.equal(crop(x, Augment(flip=True), chance(flip=0.49)), x.flip(-1))
    assert torch.equal(crop(x, Augment(flip=True), chance(flip=0.5)), x)
    assert torch.equal(crop(x, Augment(), chance(flip=0.0)), x)


@fast
@given(
    st.integers(1, 3),
    st.integers(0, 6),
    st.integers(0, 6),
    st.booleans(),
    st.integers(8, 11),
    st.integers(8, 11),
)
def test_shift_equals_a_plain_loop(s: int, down: int, right: int, flip: bool, h: int, w: int) -> None:
    down, right = down % (2 * s + 1), right % (2 * s + 1)
    numbers = chance(0.0 if flip else 0.9, (down + 0.5) / (2 * s + 1), (right + 0.5) / (2 * s + 1))
    expected = moved(image(h, w), s - down, s - right)
    got = crop(image(h, w), Augment(flip=True, shift=s), numbers)
    assert torch.equal(got, expected.flip(-1) if flip else expected)


def test_all_channels_move_together() -> None:
    x = torch.cat([image(), 2 * image(), 3 * image()], 1)
    got = crop(x, Augment(flip=True, shift=2), chance(0.1, 0.0, 0.99))
    assert torch.equal(got[:, 1], 2 * got[:, 0])
    assert torch.equal(got[:, 2], 3 * got[:, 0])


@pytest.mark.parametrize(
    ("side", "row", "column", "area"),
    [(4, 0.5, 0.5, 16), (4, 0.0, 0.0, 4), (3, 0.5, 0.5, 9), (4, 0.99, 0.5, 12)],
)
def test_cutout_erases_a_square_clipped_at_the_border(
    side: int, row: float, column: float, area: int
) -> None:
    x = torch.ones(1, 2, 8, 8)
    got = erase(x, Augment(cutout=side), chance(row=row, column=column))
    assert (got[:, 0] == got[:, 1]).all()
    assert int((got[0, 0] == 0).sum()) == area
    rows = (got[0, 0] == 0).any(1).nonzero()
    assert int(rows.max() - rows.min()) + 1 == round(area / (got[0, 0] == 0).any(0).sum().item())


def test_every_image_has_numbers_of_its_own() -> None:
    n = 400
    x = image().expand(n, 1, 8, 8)
    got = crop(x, Augment(flip=True, shift=1), draw(n, 3))
    kinds = {tuple(one.flatten().tolist()) for one in got}
    assert len(kinds) == 18  # 3 x 3 places, mirrored or not
    numbers = draw(n, 3)
    assert 150 < int((numbers[:, 0] < 0.5).sum()) < 250
    correlation = torch.corrcoef(numbers.T) - torch.eye(5, dtype=torch.float64)
    assert correlation.abs().max() < 0.2


def test_switching_one_off_leaves_the_others() -> None:
    x, numbers = torch.rand(50, 3, 8, 8), draw(50, 1)
    both = crop(x, Augment(flip=True, shift=2), numbers)
    shifted = crop(x, Augment(shift=2), numbers)
    mirrored = numbers[:, 0] < 0.5
    assert torch.equal(both[mirrored], shifted[mirrored].flip(-1))
    assert torch.equal(both[~mirrored], shifted[~mirrored])


def test_the_source_is_not_written_to() -> None:
    x = torch.rand(5, 1, 8, 8)
    before = x.clone()
    for augment in (Augment(), Augment(flip=True), Augment(shift=1), Augment(cutout=4)):
        erase(crop(x, augment, draw(5, 0)), augment, draw(5, 0))
    assert torch.equal(x, before)


def test_bad_values() -> None:
    with pytest.raises(BadValue, match="0 pixels or more"):
        Augment(shift=-1)
    with pytest.raises(BadValue, match="0 pixels or more"):
        Augment(cutout=-1)
    with pytest.raises(BadValue, match="below 8 pixels"):
        Augment(cutout=8).fits(8, 12)
    Augment(shift=7, cutout=7).fits(8, 12)
