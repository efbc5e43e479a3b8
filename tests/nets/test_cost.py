"""Our counts against torch's own counter, over architectures of every space."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import gapless.spaces
from gapless.core import Streams
from gapless.data.shape import ImageShape
from gapless.nets.cost import Cost, count
from gapless.nets.gate import onehot
from gapless.spaces.contract import shares, subnet

IMAGE = ImageShape(3, 9, 12, 7)


def counted(net, *args):
    """Twice the MACs of one image, by torch's counter."""
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        net.eval()(torch.zeros(1, 3, 9, 12), *args)
    return counter.get_total_flops()


def size(net):
    return sum(p.numel() for p in net.parameters())


@pytest.mark.parametrize("name", gapless.spaces.names())
def test_against_torch(name):
    space = gapless.spaces.get(name)
    shape, rng = space.presets["quick"].search, Streams(0).generator("cost")
    if shares(space):
        whole = space.network(space.choices, shape, IMAGE)
        assert count(whole, IMAGE) == Cost(size(whole), counted(whole) // 2)
    for _ in range(3):
        arch = space.choices.sample(rng)
        alone = subnet(space, arch, shape, IMAGE)
        cost = count(alone, IMAGE)
        assert cost == Cost(size(alone), counted(alone) // 2)
        if shares(space):
            assert counted(whole, onehot(space.choices, arch)) == 2 * cost.macs


@pytest.mark.parametrize("name", ["chain", "nb201"])
def test_a_path_costs_what_its_sub_network_costs(name):
    space = gapless.spaces.get(name)
    shape, rng = space.presets["quick"].search, Streams(1).generator("cost")
    whole = space.network(space.choices, shape, IMAGE)
    for _ in range(3):
        arch = space.choices.sample(rng)
        alone = count(subnet(space, arch, shape, IMAGE), IMAGE)
        assert count(whole, IMAGE, onehot(space.choices, arch)) == alone


def test_by_hand():
    conv = nn.Conv2d(3, 6, (3, 2), stride=2, padding=1, groups=3)
    net = nn.Sequential(conv, nn.BatchNorm2d(6), nn.Flatten(), nn.Linear(210, 7))
    assert count(net, IMAGE) == Cost(6 * 6 + 6 + 12 + 210 * 7 + 7, 6 * (5 * 7) * 6 + 210 * 7)


def test_a_shared_weight_counts_once():
    conv = nn.Conv2d(3, 3, 1, bias=False)
    assert count(nn.Sequential(conv, conv), IMAGE) == Cost(9, 2 * 9 * 9 * 12)


def test_the_network_is_left_as_it_was():
    with torch.random.fork_rng(devices=[]):
        net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(280, 2)).double()
    net.train()
    net[1].eval()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    modes = [module.training for module in net.modules()]
    count(net, IMAGE)
    assert [module.training for module in net.modules()] == modes
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    assert all(p.grad is None for p in net.parameters())
    assert not any(module._forward_hooks for module in net.modules())


def test_hooks_and_modes_are_restored_after_an_error():
    net = nn.Sequential(nn.Conv2d(5, 4, 3)).train()
    with pytest.raises(RuntimeError):
        count(net, IMAGE)
    assert net.training
    assert not any(module._forward_hooks for module in net.modules())
