"""Partial channels against NumPy: which channels go where, what scales them, what is not computed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracles import partial as oracle
from torch import nn

from gapless.core.errors import BadValue
from gapless.nets.gate import Gate
from gapless.nets.mixed import Mixed
from gapless.nets.partial import Partial, on_part, part_of, shuffled
from gapless.nets.seeded import seeded

ROW, COLUMNS = 1, {"none": 0, "pool": 1, "conv": 2}


def edge(k, stride, channels=12):
    with seeded(0):
        part = channels // k
        conv = nn.Conv2d(part, part, 3, stride, 1)
        modules = {"pool": nn.AvgPool2d(3, stride, 1, count_include_pad=False), "conv": conv}
        return Partial(Mixed(modules, ROW, COLUMNS), COLUMNS.values(), k, stride).double()


def images(h=5, w=4, channels=12):
    return torch.randn(3, channels, h, w, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def outputs(net, x):
    """What each operation makes of the first channels, in NumPy."""
    inside = x[:, : x.shape[1] // net.k]
    return {name: net.mixed.get_submodule(name)(inside).detach().numpy() for name in ("pool", "conv")}


weights = st.lists(st.floats(-2, 2), min_size=6, max_size=6)
switches = st.lists(st.booleans(), min_size=6, max_size=6)


@given(weights, switches, st.sampled_from([2, 3, 4, 6, 12]), st.sampled_from([1, 2]), st.integers(1, 6))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_values(numbers, on, k, stride, h):
    net, x = edge(k, stride), images(h)
    table, active = torch.tensor(numbers, dtype=torch.float64).view(2, 3), np.array(on).reshape(2, 3)
    found = net(x, Gate(table, active))
    live = {name: float(table[ROW, c]) for name, c in COLUMNS.items() if active[ROW, c]}
    if not live:
        assert found is None
        return
    made = outputs(net, x)
    mixture = sum((gate * made[name] for name, gate in live.items() if name != "none"), 0 * made["pool"])
    expected = oracle.edge(x.numpy(), mixture, sum(live.values()), k, stride)
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("stride", [1, 2])
def test_without_gate_values_the_others_pass_as_they_are(stride):
    net, x = edge(4, stride), images()
    made = outputs(net, x)
    for gate, names in (
        (None, ("pool", "conv")),
        (Gate(), ("pool", "conv")),
        (Gate(active=np.array([[False] * 3, [False, True, False]])), ("pool",)),
        (Gate(active=np.array([[False] * 3, [True, False, False]])), ()),
    ):
        mixture = sum((made[name] for name in names), 0 * made["pool"])
        expected = oracle.edge(x.numpy(), mixture, 1.0, 4, stride)
        np.testing.assert_allclose(net(x, gate).detach().numpy(), expected, rtol=0, atol=1e-12)


def test_softmax_gates_leave_the_others_alone():
    net, x = edge(3, 1), images()
    table = torch.softmax(torch.linspace(-2, 2, 6, dtype=torch.float64).view(2, 3), -1)
    y = net(x, Gate(table))
    past = y.view(3, 4, 3, 5, 4)[:, :, 1:].transpose(1, 2).flatten(1, 2)
    torch.testing.assert_close(past, x[:, 4:], rtol=1e-14, atol=1e-14)


def test_slopes_of_the_gates():
    net, x = edge(4, 2), images()
    table = torch.rand(2, 3, dtype=torch.float64).requires_grad_()
    made = outputs(net, x)
    y = net(x, Gate(table))
    upstream = torch.linspace(-1, 1, y.numel(), dtype=torch.float64).view_as(y)
    (found,) = torch.autograd.grad((y * upstream).sum(), table)
    nothing = 0 * made["pool"]
    expected = np.zeros((2, 3))
    for name, column in COLUMNS.items():
        term = oracle.edge(x.numpy(), made.get(name, nothing), 1.0, 4, 2)
        expected[ROW, column] = (term * upstream.numpy()).sum()
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-11)


def test_the_shuffle_is_that_of_torch():
    x = images(channels=24)
    for groups in (1, 2, 3, 4, 24):
        assert torch.equal(shuffled(x, groups), nn.ChannelShuffle(groups)(x))


def test_channels_that_do_not_divide_are_refused():
    assert part_of(12, 4) == 3
    with pytest.raises(BadValue, match=r"a multiple of 4, for 1/4 of them .*; got 10; set search\.channels"):
        part_of(10, 4)


def test_the_whole_of_the_channels_is_the_mixed_operation_itself():
    mixed = Mixed({"skip": nn.Identity()}, 0, {"skip": 0})
    assert on_part(mixed, (0,), 1, 1) is mixed
    assert isinstance(on_part(mixed, (0,), 2, 1), Partial)
