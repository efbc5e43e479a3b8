"""The chain space: sizes, options, parameters by hand, drop path."""

from __future__ import annotations

import pytest
import torch

from gapless.core import Arch
from gapless.core.errors import BadValue
from gapless.data.shape import ImageShape
from gapless.nets.seeded import seeded
from gapless.spaces.block_chain import builder
from gapless.spaces.chain import Chain
from gapless.spaces.contract import Shape, subnet

SMALL = Chain(("identity", "k3e1", "k5e2"), widths=(1, 1, 2), strides=(1, 1, 2), head=3)


def of(*options):
    return Arch.of({f"layer{i}": option for i, option in enumerate(options)})


def test_sizes():
    assert Chain().size() == 7**8 == 5_764_801
    assert SMALL.size() == len(set(SMALL.choices)) == 27
    (group,) = Chain().choices.groups()
    assert (group.name, len(group.rows), len(group.options)) == ("layers", 8, 7)


@pytest.mark.parametrize("option", ["", "k4e3", "k3", "k3e0", "none", "k3e3 "])
def test_unknown_options_are_refused(option):
    with pytest.raises(BadValue, match="odd kernel"):
        builder(option)
    with pytest.raises(BadValue, match="odd kernel"):
        Chain(options=("identity", option))


@pytest.mark.parametrize(
    "settings",
    [{"widths": ()}, {"widths": (1, 2)}, {"widths": (1,) * 7 + (0,)}, {"strides": (1,) * 7 + (3,)},
     {"options": ("k3e3", "k3e3")}, {"head": 0}],
)  # fmt: skip
def test_impossible_chains_are_refused(settings):
    with pytest.raises(BadValue):
        Chain(**settings)


def test_text_and_drawing_follow_the_layers():
    arch = of("k3e1", "identity", "k5e2")
    assert SMALL.text(arch) == "k3e1 identity k5e2"
    (panel,) = SMALL.drawing(arch)
    assert [node["label"] for node in panel["nodes"]] == ["stem", "1C", "1C", "2C /2", "head"]
    assert [edge["label"] for edge in panel["edges"]] == ["k3e1", "identity", "k5e2", ""]
    assert [edge["from"] for edge in panel["edges"][1:]] == [edge["to"] for edge in panel["edges"][:-1]]


def test_drop_path_takes_residual_bodies_only():
    """With every body dropped, what is left is the chain of identities; no image is lost."""
    image = ImageShape(3, 8, 8, 4)
    with seeded(0):
        net = subnet(SMALL, of("k3e1", "k5e2", "k5e2"), Shape(4), image).double()
    x = torch.randn(5, 3, 8, 8, dtype=torch.float64)
    with seeded(0):
        dropped = net(x, None, 1 - 1e-12)
    y = net.layers[2].k5e2(net.stem(x))
    wanted = net.classifier(net.head(y).mean((2, 3)))
    assert torch.allclose(dropped, wanted, atol=1e-10)
    assert not torch.allclose(net(x), wanted, atol=1e-3)
