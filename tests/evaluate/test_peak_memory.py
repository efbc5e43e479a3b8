"""Peak memory against counts by hand."""

import gc

import numpy as np
import pytest
import torch
from torch import nn

import gapless.spaces
from gapless.data import ImageShape
from gapless.evaluate.peak_memory import peak_memory
from gapless.nets.seeded import seeded
from gapless.spaces.contract import Shape, subnet

IMAGE = ImageShape(2, 4, 4, 3)
PIXELS = 16 * 4
"""Bytes of one channel."""


class Forward(nn.Module):
    def __init__(self, forward):
        super().__init__()
        self.conv, self.run = nn.Conv2d(2, 8, 1), forward

    def forward(self, x):
        return self.run(self.conv, x)


def in_place(conv, x):
    return conv(x).relu_()


def out_of_place(conv, x):
    return conv(x).relu()


def skipping(conv, x):
    y = conv(x)
    z = y.relu()
    del y
    return torch.cat([z, x], 1)


def viewed(conv, x):
    return conv(x).flatten(1)[:, 1:]


@pytest.mark.parametrize(
    ("forward", "channels"),
    [(in_place, 2 + 8), (out_of_place, 2 + 8 + 8), (skipping, 2 + 8 + 10), (viewed, 2 + 8)],
)
def test_counts_by_hand(forward, channels):
    net = Forward(forward).train()
    assert peak_memory(net, IMAGE) == channels * PIXELS
    assert net.training


def test_a_chain_frees_what_it_has_read():
    net = nn.Sequential(*(nn.Conv2d(2, 2, 1) for _ in range(5)))
    assert peak_memory(net, IMAGE) == (2 + 2 + 2) * PIXELS, "the image, which the caller holds, and two more"


def test_numbers_of_double_size():
    assert peak_memory(Forward(in_place).double(), IMAGE) == 2 * (2 + 8) * PIXELS


def test_without_weights_or_operations():
    assert peak_memory(nn.Identity(), IMAGE) == 2 * PIXELS
    assert peak_memory(nn.ReLU(), IMAGE) == 4 * PIXELS


def test_an_architecture_is_the_same_every_time_and_grows_with_channels():
    space = gapless.spaces.get("nb201")
    arch = space.choices.sample(np.random.default_rng(0))
    found, shape = [], ImageShape(3, 16, 16, 10)
    for channels in (4, 4, 8):
        gc.collect()
        with seeded(channels):
            found.append(peak_memory(subnet(space, arch, Shape(channels, 1), shape), shape))
    assert found[0] == found[1]
    image = 3 * 16 * 16 * 4
    assert found[2] - image == 2 * (found[0] - image)
