"""ProxylessNAS: its sizes, and the three networks that were published in numbers."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from tests.oracles import block_chain as oracle

from gapless.core import Arch
from gapless.data.shape import ImageShape
from gapless.nets.cost import count
from gapless.spaces.block_chain import Layout
from gapless.spaces.contract import Shape, subnet
from gapless.spaces.proxylessnas import ProxylessNas

IMAGENET = ImageShape(3, 224, 224, 1000)
PUBLISHED = {
    "mobile": (
        (32, 16, (32, 40, 80, 96, 192, 320), 1280),
        "53 33 -- -- 73 33 53 53 76 53 53 53 56 53 53 53 76 76 73 73 76", 4_080_512, 320_427_584,
    ),
    "cpu": (
        (40, 24, (32, 48, 88, 104, 216, 360), 1432),
        "36 33 33 33 36 33 33 53 36 -- -- 33 56 33 33 33 56 53 53 33 56", 4_361_648, 439_243_864,
    ),
    "gpu": (
        (40, 24, (32, 56, 112, 128, 256, 432), 1728),
        "53 -- -- -- 73 -- -- 33 76 -- -- 53 56 -- 33 53 76 76 76 56 76", 7_119_848, 465_260_160,
    ),
}  # fmt: skip
"""Channels, kernel and expansion of each layer, parameters and MACs.

Layers and parameters as in osmr/imgclsmob (pytorchcv/models/proxylessnas.py), which was converted from the
repository's own networks; the paper gives 320M and 465M operations for the first and the last.
"""


def test_sizes():
    space = ProxylessNas()
    assert space.size() == 7**15 * 6**6
    assert ProxylessNas(everywhere=True).size() == 7**21 == 558_545_864_083_284_007
    (group,) = space.choices.groups()
    lacks = [i for i, row in enumerate(group.mask) if not row.all()]
    assert lacks == [0, 4, 8, 12, 16, 20], "the first layer of each stage changes the shape"
    assert group.options[-1] == "identity"


def test_everywhere_a_layer_that_changes_the_shape_is_a_projection():
    space = ProxylessNas(everywhere=True)
    with torch.device("meta"):
        net = subnet(space, space.from_numbers([6] * 21), Shape(32), IMAGENET)
    widths = (16, 24, 40, 80, 96, 192, 320)
    projections = sum(a * b + 2 * b for a, b in pairwise(widths))
    outside = (27 * 32 + 64) + (9 * 32 + 64 + 32 * 16 + 32) + (320 * 1280 + 2560) + 1281 * 1000
    assert count(net, IMAGENET).parameters == projections + outside


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_networks(name):
    (stem, first, widths, head), text, parameters, macs = PUBLISHED[name]
    strides = (2, 2, 2, 1, 2, 1)
    stages = tuple(zip(widths, (4, 4, 4, 4, 4, 1), strides, strict=True))
    space = ProxylessNas(layout=Layout(stem, stages, head, first=first, eps=1e-3))
    options = ["identity" if word == "--" else f"k{word[0]}e{word[1]}" for word in text.split()]
    arch = Arch.of({f"layer{i}": option for i, option in enumerate(options)})
    assert arch in space.choices
    with torch.device("meta"):
        net = subnet(space, arch, Shape(stem), IMAGENET)
    cost = count(net, IMAGENET)
    assert (cost.parameters, cost.macs) == (parameters, macs)
    rows = zip(options, space.layout.rows, strict=True)
    table = [(option, width, stride) for option, (width, stride) in rows]
    assert (parameters, macs) == oracle.costs(224, stem, first, table, head, 1000, bias=1)
    assert {m.eps for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d)} == {1e-3}
