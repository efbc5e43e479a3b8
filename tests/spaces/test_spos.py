"""SPOS: its size, and its published network in numbers."""

from __future__ import annotations

import torch
from tests.oracles import block_chain as oracle

from gapless.data.shape import ImageShape
from gapless.nets.cost import count
from gapless.spaces.contract import Shape, subnet
from gapless.spaces.spos import Spos

IMAGENET = ImageShape(3, 224, 224, 1000)
FOUND = (2, 1, 0, 1, 2, 0, 2, 0, 2, 0, 2, 3, 0, 0, 0, 0, 3, 2, 3, 3)
"""The architecture that the repository trained: 323M FLOPs, 3.5M parameters (README, which rounds down)."""
TABLE = [
    (64, 2),
    *[(64, 1)] * 3,
    (160, 2),
    *[(160, 1)] * 3,
    (320, 2),
    *[(320, 1)] * 7,
    (640, 2),
    *[(640, 1)] * 3,
]


def test_size_and_notation():
    space = Spos()
    assert space.size() == 4**20 == 1_099_511_627_776
    arch = space.from_numbers(FOUND)
    assert space.text(arch) == "(2, 1, 0, 1, 2, 0, 2, 0, 2, 0, 2, 3, 0, 0, 0, 0, 3, 2, 3, 3)"
    assert [arch.option(f"layer{i}") for i in (0, 1, 2, 11)] == [
        "shuffle7",
        "shuffle5",
        "shuffle3",
        "xception",
    ]


def test_published_network():
    space = Spos()
    with torch.device("meta"):
        net = subnet(space, space.from_numbers(FOUND), space.presets["paper"].deploy, IMAGENET)
    cost = count(net, IMAGENET)
    options = [space.options[number] for number in FOUND]
    rows = [(option, *row) for option, row in zip(options, TABLE, strict=True)]
    assert (cost.parameters, cost.macs) == oracle.costs(224, 16, 0, rows, 1024, 1000, bias=0)
    assert (cost.parameters, cost.macs) == (3_558_464, 322_918_720)


def test_the_super_network_has_no_affine_norms_in_the_paper():
    space = Spos()
    with torch.device("meta"):
        net = space.network(space.choices, Shape(16, affine=False), IMAGENET)
    assert space.presets["paper"].search == Shape(16, affine=False)
    assert {p.dim() for p in net.parameters()} == {2, 4}, "convolutions and the classifier, which has no bias"
