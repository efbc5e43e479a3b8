"""The native cell against the plain list of modules."""

import gc

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gapless.core import Streams
from gapless.data.shape import ImageShape
from gapless.nets import fast
from gapless.nets.gate import Gate, onehot
from gapless.nets.native import load
from gapless.nets.native_cell import WORKSPACE
from gapless.nets.statistics import recalibrate, still
from gapless.spaces.contract import Shape, subnet
from gapless.spaces.darts import Darts

from .cells import SPACE, assert_equal, built, everything, mixture, random_masks, rounding

pytestmark = pytest.mark.skipif(isinstance(load(), str), reason=f"no native kernels: {load()}")


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("affine", [True, False], ids=["affine", "plain"])
@pytest.mark.parametrize("channels", [4, 6, 8, 16, 20, 36, 64])
def test_mixtures_of_all_widths(channels, affine, training):
    shape, image = Shape(channels, 3, affine, pool_norm=True), ImageShape(3, 8, 8, 5)
    net = built(shape, image, training=training)
    alpha, mix = mixture()
    expected = everything("plain", net, image, 2, mix, alpha)
    alpha, mix = mixture()
    assert_equal(expected, everything("native", net, image, 2, mix, alpha), 1e-10)


@pytest.mark.parametrize("size", [(8, 8), (9, 7), (13, 16), (11, 21), (5, 33)])
@pytest.mark.parametrize("n", [3, 19])
def test_sizes_and_batches(size, n):
    image = ImageShape(1, *size, 7)
    net = built(Shape(6, 4, affine=True, pool_norm=True), image)
    alpha, mix = mixture()
    expected = everything("plain", net, image, n, mix, alpha)
    alpha, mix = mixture()
    assert_equal(expected, everything("native", net, image, n, mix, alpha), 1e-10)


@pytest.mark.parametrize("size", [(3, 4), (7, 5), (8, 16)])
@pytest.mark.parametrize("which", [0, 1, 2], ids=["normal", "reduction", "after a reduction"])
def test_one_image(which, size):
    """Cell by cell: behind global pooling the gradient of a single image through a BatchNorm vanishes."""
    net = built(Shape(6, 3, affine=True, pool_norm=True), ImageShape(1, 9, 9, 7))
    cell, kind = net.cells[which], net.groups[which]
    torch.manual_seed(2)
    channels = [18, 18] if which == 0 else [18, 24] if which == 1 else [24, 48]
    double = [2 * s - 1 for s in size] if which == 2 else size
    inputs = [
        torch.randn(1, c, *s, dtype=torch.float64) for c, s in zip(channels, (double, size), strict=True)
    ]
    results = []
    for plain in (True, False):
        alpha, mix = mixture()
        s0, s1 = (s.clone().requires_grad_() for s in inputs)
        if plain:
            with fast.plain(), still(net):
                out = cell(s0, s1, mix[kind])
        else:
            with still(net):
                out = cell.native(s0, s1, mix[kind])
        wanted = {"s0": s0, "s1": s1, "alpha": alpha[kind], **dict(cell.named_parameters())}
        weight = torch.linspace(-1, 1, out.numel(), dtype=torch.float64).view_as(out)
        found = torch.autograd.grad((out * weight).sum(), list(wanted.values()))
        results.append({"out": out.detach(), **dict(zip(wanted, found, strict=True))})
    assert_equal(results[0], results[1], 1e-10)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 99), share=st.sampled_from([0.1, 0.3, 0.7]), weighted=st.booleans(),
    pool_norm=st.booleans(), affine=st.booleans(), nodes=st.integers(1, 5), training=st.booleans(),
)  # fmt: skip
def test_random_masks(seed, share, weighted, pool_norm, affine, nodes, training):
    space, image = Darts(nodes=nodes), ImageShape(2, 8, 10, 3)
    net = built(Shape(8, 3, affine, pool_norm), image, space=space, training=training)
    masks = random_masks(space, seed, share)
    results = []
    for way in ("plain", "native"):
        alpha, mix = mixture(space=space, seed=seed, active=masks)
        if not weighted:
            alpha, mix = None, {name: Gate(active=masks[name]) for name in masks}
        results.append(everything(way, net, image, 4, mix, alpha))
    ours = results[1]  # what nothing reaches has gradient zero here, and none there
    zero = {name: value for name, value in ours.items() if name not in results[0]}
    assert all(not value.any() for value in zero.values())
    assert_equal(results[0], {name: ours[name] for name in results[0]}, 1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_paths_and_their_own_networks(seed):
    image, shape = ImageShape(3, 8, 8, 5), Shape(8, 3, affine=True)
    arch = SPACE.choices.sample(Streams(seed).generator("arch"))
    mix = onehot(SPACE.choices, arch)
    net = built(shape, image)
    assert_equal(everything("plain", net, image, 3, mix), everything("native", net, image, 3, mix), 1e-10)
    torch.manual_seed(0)
    alone = subnet(SPACE, arch, shape, image).double()
    assert_equal(
        everything("plain", alone, image, 3, None), everything("native", alone, image, 3, None), 1e-10
    )


def test_only_gradients_of_alpha():
    image = ImageShape(3, 8, 8, 5)
    net = built(Shape(8, 3, affine=True, pool_norm=True), image)
    alpha, mix = mixture()
    whole = everything("plain", net, image, 3, mix, alpha)
    net.requires_grad_(False)
    alpha, mix = mixture()
    found = everything("native", net, image, 3, mix, alpha, weights=False)
    assert_equal({name: whole[name] for name in found}, found, 1e-10)


def test_torch_checks_the_gradient():
    image = ImageShape(1, 5, 6, 2)
    space = Darts(nodes=2)
    net = built(Shape(4, 3, affine=True, pool_norm=True), image, space=space)
    cell = net.cells[1]  # a reduction
    torch.manual_seed(3)
    s0, s1 = (torch.randn(2, 12 if i == 0 else 8, 5, 6, dtype=torch.float64).requires_grad_() for i in (0, 1))
    table = torch.rand(5, 8, dtype=torch.float64).requires_grad_()

    def run(s0, s1, table):
        with still(net):
            return cell.native(s0, s1, Gate(table))

    assert torch.autograd.gradcheck(run, (s0, s1, table), eps=1e-6, atol=1e-5, rtol=1e-4)


def test_float32_is_no_further_off_than_channels_last():
    size = Shape(8, 4, affine=False, pool_norm=True), ImageShape(3, 16, 16, 10), 16
    assert rounding("native", *size) <= 1.5 * rounding("plain", *size)


def test_evaluation_without_a_graph():
    for shape in (Shape(12, 4, affine=True, pool_norm=True), Shape(8, 3, affine=False)):
        image = ImageShape(3, 9, 14, 5)
        net = built(shape, image, training=False)
        _, mix = mixture()
        x = torch.randn(5, 3, 9, 14, dtype=torch.float64)
        with torch.no_grad():
            ours = net(x, mix)
            with fast.plain():
                theirs = net(x, mix)
        torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-11)


def test_recalibration_averages_the_same_statistics():
    image, shape = ImageShape(3, 8, 8, 5), Shape(8, 3)
    arch = SPACE.choices.sample(Streams(1).generator("arch"))
    batches = [torch.randn(6, 3, 8, 8, dtype=torch.float64) for _ in range(3)]
    states = []
    for plain in (True, False):
        torch.manual_seed(0)
        net = subnet(SPACE, arch, shape, image).double()
        if plain:
            with fast.plain():
                recalibrate(net, batches)
        else:
            recalibrate(net, batches)
        states.append(net.state_dict())
    for name, value in states[0].items():
        torch.testing.assert_close(value, states[1][name], rtol=1e-11, atol=1e-11)


def test_the_number_of_threads_changes_no_bit():
    image = ImageShape(3, 8, 8, 5)
    net = built(Shape(8, 3, affine=False, pool_norm=True), image, torch.float32)
    x = torch.randn(7, 24, 8, 8)
    threads, results = torch.get_num_threads(), []
    try:
        for number in (1, 2, 3):
            torch.set_num_threads(number)
            alpha, mix = mixture(torch.float32)
            s = x.clone().requires_grad_()
            with still(net):
                out = net.cells[1].native(s, net.cells[0](s, s, mix["normal"]), mix["reduce"])
            gradients = torch.autograd.grad(out.square().sum(), [s, *alpha.values()])
            results.append([out.detach(), *gradients])
    finally:
        torch.set_num_threads(threads)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_hooks_and_tracing_get_the_modules():
    image = ImageShape(3, 8, 8, 5)
    net = built(Shape(4, 3), image)
    seen = []
    handle = net.cells[0].edges["0-2"].sep_conv_3x3[1].register_forward_hook(lambda *_: seen.append(1))
    net(torch.randn(2, 3, 8, 8, dtype=torch.float64))
    assert seen
    handle.remove()
    net(torch.randn(2, 3, 8, 8, dtype=torch.float64))
    assert len(seen) == 1


def test_memory_is_given_back_and_reused():
    image = ImageShape(3, 8, 8, 5)
    net = built(Shape(8, 3), image)
    x = torch.randn(4, 3, 8, 8, dtype=torch.float64)

    def step():
        net.zero_grad()
        net(x).sum().backward()
        net.zero_grad()

    step()
    gc.collect()
    before = WORKSPACE.used()
    held = WORKSPACE.idle()
    for _ in range(3):
        step()
    gc.collect()
    assert WORKSPACE.used() == before
    assert WORKSPACE.idle() == held
    net(x)  # a graph that is dropped
    gc.collect()
    assert WORKSPACE.used() == before
