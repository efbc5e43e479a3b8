"""Units of ShuffleNetV2: shapes, the way through them, drop path, and what they refuse."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from gapless.core.errors import BadValue
from gapless.nets import shuffle
from gapless.nets.seeded import seeded

BUILDERS = {
    "shuffle3": shuffle.shuffle(3), "shuffle5": shuffle.shuffle(5), "shuffle7": shuffle.shuffle(7),
    "xception": shuffle.xception,
}  # fmt: skip


def images(channels, size=(6, 7)):
    draw = torch.Generator().manual_seed(5)
    return torch.randn(3, channels, *size, generator=draw, dtype=torch.float64)


def made(name, c_in, c_out, stride, affine=True):
    with seeded(3):
        return BUILDERS[name](c_in, c_out, stride, affine).double().eval()


@pytest.mark.parametrize("size", [(8, 8), (9, 13), (1, 2)])
@pytest.mark.parametrize("shape", [(8, 8, 1), (4, 12, 2), (3, 8, 1), (3, 8, 2)])
@pytest.mark.parametrize("name", BUILDERS)
def test_shapes(name, shape, size):
    c_in, c_out, stride = shape
    y = made(name, *shape)(images(c_in, size))
    assert y.shape == (3, c_out, math.ceil(size[0] / stride), math.ceil(size[1] / stride))
    assert torch.isfinite(y).all()
    norms = [m for m in made(name, *shape, affine=False).modules() if isinstance(m, nn.BatchNorm2d)]
    assert norms
    assert not any(m.affine for m in norms)


@pytest.mark.parametrize("name", BUILDERS)
def test_even_channels_pass_and_odd_ones_do_the_work(name):
    unit, x = made(name, 8, 8, 1), images(8)
    y = unit(x)
    assert torch.equal(y[:, :4], x[:, ::2])
    other = x.clone()
    other[:, ::2] += 1
    assert torch.equal(unit(other)[:, 4:], y[:, 4:]), "what passes is not computed on"
    other[:, 1::2] += 1
    assert not torch.allclose(unit(other)[:, 4:], y[:, 4:])


def test_drop_path_takes_the_half_that_was_computed():
    unit, x = made("shuffle3", 8, 8, 1), images(8)
    with seeded(0):
        y = unit(x, 1 - 1e-12)
    assert torch.equal(y[:, :4], x[:, ::2])
    assert not y[:, 4:].any()
    with seeded(0):
        kept = unit(x, 1e-12)
    assert torch.allclose(kept, unit(x), rtol=0, atol=1e-10)


@pytest.mark.parametrize("shape", [(8, 8, 2), (8, 4, 1), (7, 7, 1), (4, 9, 2)])
@pytest.mark.parametrize("name", BUILDERS)
def test_what_cannot_be_split_is_refused(name, shape):
    with pytest.raises(BadValue, match="even channels"):
        BUILDERS[name](*shape, True)
