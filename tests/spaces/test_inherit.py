"""Inheriting copies by name, and says in one line where there is nothing to copy."""

from dataclasses import replace

import pytest
import torch

import gapless.spaces
from gapless.core.errors import BadValue
from gapless.data.shape import ImageShape
from gapless.nets.seeded import seeded
from gapless.spaces.contract import Shape, inherit

IMAGE = ImageShape(1, 8, 8, 3)
SPACE = gapless.spaces.get("nb201")
SHAPE = Shape(4, 1)
ARCH = SPACE.choices.at(7_777)


def network(choices=SPACE.choices, image=IMAGE):
    with seeded(0):
        return SPACE.network(choices, SHAPE, image)


def test_every_tensor_is_a_copy():
    net = network()
    child, parent = inherit(SPACE, net, ARCH, SHAPE, IMAGE), net.state_dict()
    for name, value in child.state_dict().items():
        assert torch.equal(value, parent[name])
        assert value.data_ptr() != parent[name].data_ptr()


@pytest.mark.parametrize(
    ("net", "shape", "image", "holds"),
    [
        (
            network(),
            replace(SHAPE, channels=8),
            IMAGE,
            r"'stem.0.weight' of \(8, 1, 3, 3\); .* \(4, 1, 3, 3\)",
        ),
        (network(), replace(SHAPE, depth=2), IMAGE, r"of .8, 8, 1, 1. in it"),
        (network(), SHAPE, replace(IMAGE, classes=5), "'classifier.weight' of .5, 16.; .* of .3, 16. in it"),
        (network(SPACE.choices.only(SPACE.choices.at(0))), SHAPE, IMAGE, "missing in it"),
    ],
    ids=["channels", "depth", "classes", "option"],
)
def test_another_super_network_is_refused_in_one_line(net, shape, image, holds):
    with pytest.raises(BadValue, match=holds) as error:
        inherit(SPACE, net, ARCH, shape, image)
    assert "\n" not in str(error.value)
    assert "super-network of 'nb201'" in str(error.value)
