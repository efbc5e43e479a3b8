"""Which way a cell is computed, and who may not be kept from seeing its modules."""

import pytest
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook
from torch.utils.flop_counter import FlopCounterMode

from gapless.data.shape import ImageShape
from gapless.nets import fast
from gapless.nets.mixed import Mixed
from gapless.spaces.contract import Shape

from .cells import built

X = torch.randn(2, 3, 8, 8, dtype=torch.float64)


@pytest.fixture
def net():
    return built(Shape(4, 3), ImageShape(3, 8, 8, 5))


@pytest.fixture
def listed(monkeypatch):
    """How often an edge was computed by the plain list."""
    calls, forward = [], Mixed.forward
    monkeypatch.setattr(Mixed, "forward", lambda *a: calls.append(1) or forward(*a))
    return calls


def test_ways(net, listed):
    net(X)
    with fast.only("torch"):
        net(X)
        assert not listed
        with fast.plain():
            net(X)
            assert len(listed) == 3 * 14
        net(X)
    assert len(listed) == 3 * 14


def test_one_hook_inside_a_cell(net, listed):
    seen = []
    handle = net.cells[0].edges["0-2"].sep_conv_3x3[1].register_forward_hook(lambda *_: seen.append(1))
    net(X)
    assert (len(seen), len(listed)) == (1, 14)
    handle.remove()
    net(X)
    assert (len(seen), len(listed)) == (1, 14)


def test_a_hook_for_all_modules(net, listed):
    seen = []
    handle = register_module_forward_hook(lambda module, *_: seen.append(type(module)))
    try:
        net(X)
    finally:
        handle.remove()
    assert Mixed in seen
    assert nn.AvgPool2d in seen


def test_counts_are_those_of_the_plain_list():
    net, counts = built(Shape(4, 1), ImageShape(3, 8, 8, 5)), []
    for way in ("plain", "torch", "native"):
        with fast.only(way), FlopCounterMode(display=False) as counter:
            net(X)
        counts.append(counter.get_total_flops())
    assert counts[0] == counts[1] == counts[2] > 0


def test_functorch_and_tracing_see_modules(net, listed):
    parameters = {name: value.detach() for name, value in net.named_parameters()}
    net.eval()
    torch.func.grad(lambda p: torch.func.functional_call(net, p, (X,)).sum())(parameters)
    assert len(listed) == 3 * 14
