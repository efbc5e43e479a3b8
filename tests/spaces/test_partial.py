"""Spaces with partial channels hold what the battery asks of every space; a chain says that it has none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import pytest
import torch

import gapless.spaces
from gapless.core.errors import BadValue
from gapless.nets.partial import Partial
from gapless.spaces.contract import Shape
from gapless.spaces.darts import Darts
from gapless.spaces.nb201 import Nb201
from gapless.testing import spaces as battery


@dataclass(frozen=True)
class PartialDarts(Darts):
    @cached_property
    def presets(self):
        """Searched on half of the channels."""
        return {n: replace(p, search=replace(p.search, partial=2)) for n, p in Darts().presets.items()}


@dataclass(frozen=True)
class PartialNb201(Nb201):
    @cached_property
    def presets(self):
        """Searched on a quarter of the channels."""
        return {n: replace(p, search=replace(p.search, partial=4)) for n, p in Nb201().presets.items()}


@pytest.mark.parametrize("check", battery.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("space", [PartialDarts(nodes=3), PartialNb201()], ids=["darts", "nb201"])
def test_holds(space, check):
    check(space, battery.IMAGE)


@pytest.mark.parametrize("space", [Darts(), Nb201()], ids=["darts", "nb201"])
def test_every_edge_is_partial_and_none_is_with_the_whole(space):
    def edges(k):
        net = space.network(space.choices, Shape(8, 3, affine=False, partial=k), battery.IMAGE)
        return [edge for cell in net.cells for edge in cell.edges.values()]

    assert not any(isinstance(edge, Partial) for edge in edges(1))
    assert all(isinstance(edge, Partial) and edge.k == 4 for edge in edges(4))


@pytest.mark.parametrize("space", [Darts(), Nb201()], ids=["darts", "nb201"])
def test_a_partial_network_is_smaller(space):
    def size(k):
        net = space.network(space.choices, Shape(16, 3, affine=False, partial=k), battery.IMAGE)
        return sum(p.numel() for p in net.cells.parameters())

    assert size(4) < size(2) < size(1)
    assert space.partial is True


@pytest.mark.parametrize("name", ["darts", "nb201"])
def test_channels_that_do_not_divide_are_refused(name):
    space = gapless.spaces.get(name)
    with pytest.raises(BadValue, match="multiple of 4"):
        space.network(space.choices, Shape(6, 3, partial=4), battery.IMAGE)


def test_less_than_all_is_no_number_below_one():
    with pytest.raises(BadValue, match="partial of at least 1"):
        Shape(8, 3, partial=0)


def test_a_chain_has_none():
    space = gapless.spaces.get("chain")
    with pytest.raises(BadValue, match="'chain', whose networks have no partial channels; got 2"):
        space.network(space.choices, Shape(8, partial=2), battery.IMAGE)


def test_float32_and_channels_last():
    """The layout of a network on a CPU changes no number."""
    space = Darts(nodes=2)
    net = space.network(space.choices, Shape(8, 3, affine=False, partial=4), battery.IMAGE).double().eval()
    x = battery.pictures(battery.IMAGE)
    with torch.no_grad():
        a, b = net(x), net(x.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)
