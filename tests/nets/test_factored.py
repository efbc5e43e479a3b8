"""Operations and activations that two gates weigh, against the sum over all pairs."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracles import factorised as oracle
from torch import nn

from gapless.nets.cell import Cell
from gapless.nets.factored import ACTIVATIONS, Factored, Pair, paired
from gapless.nets.gate import Gate
from gapless.nets.operations import relu_conv_norm
from gapless.nets.seeded import seeded

NAMES = list(ACTIVATIONS)
ROW, AT = 1, 2


def edge():
    with seeded(0):
        modules = {"skip": nn.Identity(), "conv": nn.Conv2d(3, 3, 3, padding=1)}
        columns = {"none": 0, "skip": 1, "conv": 2}
        return Factored(modules, ROW, columns, "g", {n: i for i, n in enumerate(NAMES)}, AT).double()


def images():
    draw = torch.Generator().manual_seed(1)
    return 4 * torch.randn(2, 3, 5, 4, generator=draw, dtype=torch.float64)


def tables(seed):
    draw = np.random.default_rng(seed)
    return [torch.from_numpy(draw.standard_normal(s)).requires_grad_() for s in ((2, 3), (3, len(NAMES)))]


def by_hand(net, x, weights, ops=(1, 2), acts=(0, 1, 2, 3)):
    names = {1: "skip", 2: "conv"}
    return oracle.mixed(
        x, [net.get_submodule(names[o]) for o in ops], [oracle.ACTIVATIONS[NAMES[a]] for a in acts], weights
    )


@settings(derandomize=True, deadline=None, max_examples=20)
@given(st.integers(0, 2**32))
def test_value_and_gradients(seed):
    net, x, (first, second) = edge(), images(), tables(seed)
    y = net(x, Pair(first, second=Gate(second)))
    wanted = by_hand(net, x, first[ROW, 1:, None] * second[AT, None, :])
    torch.testing.assert_close(y, wanted, rtol=0, atol=1e-11)
    upstream = torch.linspace(-1, 1, y.numel(), dtype=torch.float64).view_as(y)
    pair = [torch.autograd.grad((z * upstream).sum(), (first, second)) for z in (y, wanted)]
    for ours, theirs in zip(*pair, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.integers(0, 2**32))
def test_only_what_is_active_is_computed(seed):
    net, x, (first, second) = edge(), images(), tables(seed)
    draw = np.random.default_rng(seed)
    has, also = draw.random((2, 3)) < 0.5, draw.random((3, len(NAMES))) < 0.5
    ran = []
    net.conv.register_forward_hook(lambda *_: ran.append(1))
    y = net(x, Pair(first, has, second=Gate(second, also)))
    ops, acts = [o for o in (1, 2) if has[ROW, o]], np.flatnonzero(also[AT])
    assert len(ran) == has[ROW, 2]
    if not ops or not len(acts):
        assert y is None
        return
    wanted = by_hand(net, x, first[ROW, ops, None] * second[AT, None, acts], ops, acts)
    torch.testing.assert_close(y, wanted, rtol=0, atol=1e-11)


def test_without_gates_the_plain_sum():
    net, x = edge(), images()
    wanted = by_hand(net, x, torch.ones(2, len(NAMES)))
    torch.testing.assert_close(net(x), wanted, rtol=0, atol=1e-12)


def test_gates_of_operations_find_those_of_their_activations():
    first, second = tables(0)
    mix = paired({"g": Gate(first), "g-activation": Gate(second), "lone": Gate()})
    assert list(mix) == ["g"]
    assert mix["g"].weight is first
    assert mix["g"].second.weight is second


@pytest.mark.parametrize("training", [False, True])
def test_a_cell_of_them_has_no_fast_way(training):
    """The fast ways know nothing of activations, so every module is called."""
    build = relu_conv_norm(1)
    with seeded(0):
        net = edge()
        cell = Cell(build(3, 3, 1, False), build(3, 3, 1, False), {(0, 2): net, (1, 2): edge()}, 1, 3, 1)
        cell = cell.double().train(training)
    assert cell.native is None
    assert cell.source_nodes is None
    x, (first, second) = images(), tables(3)
    gate = Pair(first, second=Gate(second))
    pair = [cell.preprocess0(x), cell.preprocess1(x)]
    wanted = sum(cell.edges[name](s, gate) for name, s in zip(("0-2", "1-2"), pair, strict=True))
    torch.testing.assert_close(cell(x, x, gate), wanted, rtol=0, atol=1e-12)
