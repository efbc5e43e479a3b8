"""FairNAS: its sizes, and FairNAS-A, -B and -C in numbers."""

from __future__ import annotations

import pytest
import torch
from tests.oracles import block_chain as oracle

from gapless.core import Arch
from gapless.data.shape import ImageShape
from gapless.nets.cost import count
from gapless.spaces.contract import subnet
from gapless.spaces.fairnas import MOBILENET_V2, FairNas

IMAGENET = ImageShape(3, 224, 224, 1000)
TABLE = [
    (32, 2), (32, 1), (40, 2), (40, 1), (40, 1), (40, 1), (80, 2), (80, 1), (80, 1), (80, 1),
    (96, 1), (96, 1), (96, 1), (96, 1), (192, 2), (192, 1), (192, 1), (192, 1), (320, 1),
]  # fmt: skip
PUBLISHED = {
    "a": ("73 33 73 36 76 33 33 76 76 53 36 53 53 36 36 76 36 76 56", 4_651_352, 388_122_848),
    "b": ("53 33 53 33 36 53 73 33 36 53 33 36 73 33 76 56 76 36 56", 4_506_272, 345_297_632),
    "c": ("53 33 73 33 33 33 33 33 33 36 33 33 33 33 76 76 36 36 56", 4_397_864, 321_024_992),
}
"""Kernel and expansion of each layer (models/FairNAS_*.py), parameters and MACs."""


def test_sizes():
    assert FairNas().size() == 6**19
    assert FairNas(layout=MOBILENET_V2).size() == 6**16 == 2_821_109_907_456


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_networks(name):
    """The numbers are the oracle's; the paper has 4.6, 4.5 and 4.4M parameters, 388, 345 and 321M MACs."""
    text, parameters, macs = PUBLISHED[name]
    space, options = FairNas(), [f"k{word[0]}e{word[1]}" for word in text.split()]
    arch = Arch.of({f"layer{i}": option for i, option in enumerate(options)})
    with torch.device("meta"):
        net = subnet(space, arch, space.presets["paper"].deploy, IMAGENET)
    cost = count(net, IMAGENET)
    rows = [(option, *row) for option, row in zip(options, TABLE, strict=True)]
    assert (cost.parameters, cost.macs) == (parameters, macs)
    assert (parameters, macs) == oracle.costs(224, 32, 16, rows, 1280, 1000, bias=1)
