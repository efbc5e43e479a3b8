"""Tables of what operations cost against the costs of networks."""

import numpy as np
import pytest
from torch import nn

import gapless.spaces
from gapless.core import Arch, Streams
from gapless.core.errors import BadValue
from gapless.data.shape import ImageShape
from gapless.nets.cost import by_option, count
from gapless.nets.gate import onehot
from gapless.nets.mixed import Mixed
from gapless.spaces.contract import Shape, subnet

IMAGE = ImageShape(3, 9, 12, 7)


def built(name, **shape):
    space = gapless.spaces.get(name)
    kept = space.presets["quick"].search
    size = Shape(kept.channels, kept.depth, kept.affine, kept.pool_norm, **shape)
    return space, space.network(space.choices, size, IMAGE), size


def total(choices, arch, tables):
    return sum(tables[name][table].sum() for name, table in choices.active(arch).items())


@pytest.mark.parametrize("name", ["chain", "darts", "nb201"])
def test_an_architecture_costs_its_operations_and_what_all_have(name):
    space, net, _ = built(name)
    tables, rest = by_option(net, IMAGE, space.choices)["macs"], set()
    for i in range(3):
        arch = space.choices.sample(Streams(0).generator("cost", i))
        rest.add(count(net, IMAGE, onehot(space.choices, arch)).macs - total(space.choices, arch, tables))
    assert len(rest) == 1
    assert rest.pop() >= 0


@pytest.mark.parametrize("name", ["chain", "nb201"])
def test_parameters_of_networks_of_their_own(name):
    space, net, shape = built(name)
    tables, rest = by_option(net, IMAGE, space.choices)["params"], set()
    for i in range(3):
        arch = space.choices.sample(Streams(1).generator("cost", i))
        alone = subnet(space, arch, shape, IMAGE)
        rest.add(sum(p.numel() for p in alone.parameters()) - total(space.choices, arch, tables))
    assert len(rest) == 1
    assert rest.pop() > 0


@pytest.mark.parametrize("name", ["chain", "darts", "nb201"])
def test_all_parameters_are_counted(name):
    space, net, _ = built(name)
    mixed = [p for m in net.modules() if isinstance(m, Mixed) for p in m.parameters()]
    assert sum(t.sum() for t in by_option(net, IMAGE, space.choices)["params"].values()) == sum(
        p.numel() for p in mixed
    )


def test_what_is_free_and_what_a_row_lacks():
    space, net, _ = built("darts")
    tables = by_option(net, IMAGE, space.choices)["macs"]
    for group in space.choices.groups():
        for option in ("none", "max_pool_3x3", "avg_pool_3x3"):
            assert not tables[group.name][:, group.options.index(option)].any()
    assert not tables["normal"][:, 3].any()
    assert np.count_nonzero(tables["reduce"][:, 3]) == 8, "a skip from an input of a reduction cell halves"
    arch = space.choices.sample(Streams(2).generator("cost"))
    few = space.choices.only(arch)
    narrow = by_option(space.network(few, space.presets["quick"].search, IMAGE), IMAGE, few)["macs"]
    assert sum(t.sum() for t in narrow.values()) == total(space.choices, arch, tables)


def test_partial_channels_cost_less():
    space, net, _ = built("darts")
    _, part, _ = built("darts", partial=4)
    whole, less = (by_option(n, IMAGE, space.choices)["macs"]["normal"].sum() for n in (net, part))
    assert 4 * less < whole


def test_a_network_whose_operations_know_no_group_is_refused():
    choices = gapless.spaces.get("chain").choices
    net = nn.Sequential(Mixed({"identity": nn.Conv2d(3, 3, 1)}, 0, {"identity": 0}))
    with pytest.raises(BadValue, match="mixed operations of the groups layers"):
        by_option(net, IMAGE, choices)
    assert isinstance(next(iter(choices)), Arch)
