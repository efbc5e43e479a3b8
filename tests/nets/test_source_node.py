"""The cell in plain torch, source by source, against the plain list of modules."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gapless.core import Streams
from gapless.data.shape import ImageShape
from gapless.nets import fast, source
from gapless.nets.cell_operations import Operations
from gapless.nets.gate import Gate, onehot
from gapless.nets.statistics import recalibrate, still
from gapless.spaces.contract import Shape, subnet
from gapless.spaces.darts import Darts

from .cells import (
    SPACE,
    along_alpha,
    assert_equal,
    built,
    computed,
    everything,
    mixture,
    random_masks,
    rounding,
)  # fmt: skip

SMALL = ImageShape(2, 8, 8, 5)


@pytest.fixture(params=[0, 2**30], ids=["apart", "stacked"])
def _stacks(request, monkeypatch):
    monkeypatch.setattr(source, "_STACKED_ON_CPU", request.param)


def assert_same(net, image, n, space=SPACE, **about):
    results = []
    for way in ("plain", "torch"):
        alpha, mix = mixture(space=space, **about)
        results.append(everything(way, net, image, n, mix, alpha))
    assert_equal(*results, 1e-10)


@pytest.mark.usefixtures("_stacks")
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("pool_norm", [True, False], ids=["pool norm", "bare pools"])
@pytest.mark.parametrize("affine", [True, False], ids=["affine", "plain"])
def test_mixtures(affine, pool_norm, training):
    assert_same(built(Shape(4, 3, affine, pool_norm), SMALL, training=training), SMALL, 3)


@pytest.mark.usefixtures("_stacks")
@pytest.mark.parametrize("size", [(9, 7), (13, 16), (5, 3), (1, 6)])
def test_sizes(size):
    image = ImageShape(1, *size, 7)
    assert_same(built(Shape(3, 3, affine=True, pool_norm=True), image), image, 4)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 99), share=st.sampled_from([0.05, 0.3, 0.7]), weighted=st.booleans(),
    pool_norm=st.booleans(), affine=st.booleans(), nodes=st.integers(1, 4), training=st.booleans(),
    most=st.sampled_from([0, 2**30]),
)  # fmt: skip
def test_random_masks(seed, share, weighted, pool_norm, affine, nodes, training, most):
    space = Darts(nodes=nodes)
    net = built(Shape(4, 3, affine, pool_norm), SMALL, space=space, training=training)
    masks = random_masks(space, seed, share)
    results = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "_STACKED_ON_CPU", most)
        for way in ("plain", "torch"):
            alpha, mix = mixture(space=space, seed=seed, active=masks)
            if not weighted:
                alpha, mix = None, {name: Gate(active=masks[name]) for name in masks}
            results.append(everything(way, net, SMALL, 4, mix, alpha))
    assert_equal(*results, 1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_paths_and_their_own_networks(seed):
    shape = Shape(8, 3, affine=True)
    arch = SPACE.choices.sample(Streams(seed).generator("arch"))
    mix = onehot(SPACE.choices, arch)
    net, alone = built(shape, SMALL), subnet(SPACE, arch, shape, SMALL).double()
    for each, how in ((net, mix), (alone, None)):
        assert_equal(*(everything(way, each, SMALL, 3, how) for way in ("plain", "torch")), 1e-10)


def test_evaluation_without_a_graph():
    net = built(Shape(6, 3, affine=True, pool_norm=True), SMALL, training=False)
    _, mix = mixture()
    x = torch.randn(5, 2, 8, 8, dtype=torch.float64)
    with torch.no_grad():
        ours, theirs = (computed(way, net, x, mix) for way in ("torch", "plain"))
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_every_layer_averages_over_the_batches_that_it_saw():
    """Without a momentum; layers of one stack may have seen different numbers of batches."""
    states = []
    for way in ("plain", "torch"):
        net = built(Shape(4, 3, affine=False, pool_norm=True), SMALL)
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = None
        generator = torch.Generator().manual_seed(0)
        for seed in range(3):
            mix = {name: Gate(active=mask) for name, mask in random_masks(SPACE, seed, 0.5).items()}
            computed(way, net, torch.randn(4, 2, 8, 8, dtype=torch.float64, generator=generator), mix)
        states.append(net.state_dict())
    seen = {int(count) for name, count in states[0].items() if name.endswith("tracked")}
    assert seen == {0, 1, 2, 3}
    for name, value in states[0].items():
        torch.testing.assert_close(value, states[1][name], rtol=1e-11, atol=1e-11)


def test_recalibration_and_still():
    arch = SPACE.choices.sample(Streams(1).generator("arch"))
    batches = [torch.randn(6, 2, 8, 8, dtype=torch.float64) for _ in range(3)]
    states = []
    for way in ("plain", "torch"):
        torch.manual_seed(0)
        net = subnet(SPACE, arch, Shape(4, 3), SMALL).double()
        with fast.only(way):
            recalibrate(net, batches)
            before = {name: value.clone() for name, value in net.state_dict().items()}
            with still(net.train()):
                net(batches[0])
        assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
        states.append(before)
    for name, value in states[0].items():
        torch.testing.assert_close(value, states[1][name], rtol=1e-11, atol=1e-11)


@pytest.mark.usefixtures("_stacks")
def test_derivatives_of_derivatives():
    """The exact second-order term of DARTS: the mixture's slope along a direction of the weights'."""
    net = built(Shape(4, 3, affine=True, pool_norm=True), SMALL)
    x = torch.randn(4, 2, 8, 8, dtype=torch.float64)
    assert_equal(*(along_alpha(way, net, x, SPACE) for way in ("plain", "torch")), 1e-10)


@pytest.mark.usefixtures("_stacks")
@pytest.mark.parametrize("which", [0, 1], ids=["normal", "reduction"])
def test_torch_checks_both_derivatives(which):
    space = Darts(nodes=1)
    net = built(Shape(2, 3, affine=True, pool_norm=True), ImageShape(1, 3, 4, 2), space=space)
    cell = net.cells[which]
    torch.manual_seed(3)
    channels = (6, 6 if which == 0 else 2)
    s0, s1 = (torch.randn(2, c, 3, 4, dtype=torch.float64).requires_grad_() for c in channels)
    table = torch.rand(2, 8, dtype=torch.float64).requires_grad_()
    names = [n for n, p in cell.named_parameters() if "sep_conv_5x5" not in n and "0-2" in n and p.ndim == 4]

    def run(s0, s1, table, *weights):
        with still(net):
            parameters = dict(zip(names, weights, strict=True))
            return torch.func.functional_call(cell, parameters, (s0, s1, Gate(table)))

    weights = [cell.get_parameter(name).detach().clone().requires_grad_() for name in names]
    with fast.only("torch"):
        inputs = (s0, s1, table, *weights)
        assert torch.autograd.gradcheck(run, inputs, atol=1e-5, rtol=1e-4, fast_mode=True)
        assert torch.autograd.gradgradcheck(run, inputs, atol=1e-5, rtol=1e-4, fast_mode=True)


def test_float32_is_no_further_off_than_channels_last():
    size = Shape(8, 3, affine=False, pool_norm=True), ImageShape(3, 16, 16, 10), 8
    assert rounding("torch", *size) <= 1.5 * rounding("plain", *size)


def test_a_cell_with_other_modules_is_not_known():
    cell = built(Shape(4, 1), SMALL).cells[0]
    assert Operations.of(cell) is not None
    cell.edges["0-2"].skip_connect = nn.Sequential(nn.Tanh())
    assert Operations.of(cell) is None


@pytest.mark.parametrize("changed", ["half", "autocast", "eps", "drop path"])
def test_what_it_leaves_to_the_modules(changed):
    net = built(Shape(4, 3), SMALL, torch.float32)
    x, drop = torch.randn(3, 2, 8, 8), 0.0
    if changed == "half":
        net, x = net.bfloat16(), x.bfloat16()
    elif changed == "eps":
        net.cells[0].edges["1-3"].sep_conv_3x3[3].eps = 0.1
    elif changed == "drop path":
        drop = 0.3
    results = []
    for way in ("plain", "torch"):
        torch.manual_seed(0)
        with still(net), fast.only(way), torch.autocast("cpu", enabled=changed == "autocast"):
            cell = net.cells[0]
            s = net.stem(x)
            results.append(cell(s, s, None, drop))
    assert torch.equal(*results)
