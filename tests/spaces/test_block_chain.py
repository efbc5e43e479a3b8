"""Layouts and the chains they make: widths, strides, choices, numbers, and networks against an oracle."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evaluate.chains import numbers as numbers_of
from tests.evaluate.chains import one_by_one, supernet, together
from tests.oracles import block_chain as oracle

import gapless.spaces
from gapless import data as datasets
from gapless.core import Arch, Streams
from gapless.core.errors import BadValue, Refused
from gapless.data.shape import ImageShape
from gapless.nets import operations
from gapless.nets.cost import count
from gapless.nets.gate import onehot
from gapless.nets.seeded import seeded
from gapless.spaces.block_chain import Layout
from gapless.spaces.contract import Chained, Shape, subnet
from gapless.spaces.fairnas import LAYOUT, FairNas
from gapless.spaces.nas_bench_macro import NasBenchMacro
from gapless.spaces.proxylessnas import ProxylessNas
from gapless.spaces.spos import Spos

NAMES = ("fairnas", "nas-bench-macro", "proxylessnas", "spos")
TINY = {
    "spos": Spos(layout=Layout(4, ((8, 1, 2), (12, 2, 2)), 16, divisor=4, activation="relu", bias=False)),
    "proxylessnas": ProxylessNas(layout=Layout(4, ((4, 2, 2), (6, 2, 1)), 16, first=3, divisor=1, eps=1e-3)),
}


def image(side, channels=3, classes=10):
    return ImageShape(channels, side, side, classes)


def blocks(space, arch, shape, at):
    """Option, channels and stride of each layer."""
    widths = [space.layout.scaled(width, shape.channels) for width, _ in space.layout.rows]
    options = [arch.option(choice.name) for choice in space.choices.choices]
    return list(zip(options, widths, space.layout.strides(at)[1:], strict=True))


# -- layouts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_published_sizes_are_kept_as_they_are(name):
    layout = gapless.spaces.get(name).layout
    side = 32 if name == "nas-bench-macro" else 224
    assert [layout.scaled(c, layout.stem) for c, _ in layout.rows] == [c for c, _ in layout.rows]
    assert layout.strides(image(side)) == (layout.stem_stride, *(s for _, s in layout.rows))


@pytest.mark.parametrize(
    ("width", "factor", "wanted"),
    [(24, 1.35, 32), (40, 1.35, 56), (80, 1.35, 112), (320, 1.35, 432), (16, 1.12, 24), (24, 1.12, 32),
     (96, 1.12, 104), (1280, 1.12, 1432)],
)  # fmt: skip
def test_widths_are_made_divisible_as_published(width, factor, wanted):
    """The channels of Proxyless-GPU (1.35) and -CPU (1.12); stem and factor in hundredths."""
    assert Layout(100, ((8, 1, 1),), 8).scaled(width, round(100 * factor)) == wanted


@given(st.integers(1, 2000), st.integers(1, 200), st.integers(1, 200), st.integers(1, 16))
@settings(deadline=None, derandomize=True, max_examples=200)
def test_scaled_widths(width, stem, channels, divisor):
    got, wanted = (
        Layout(stem, ((8, 1, 1),), 8, divisor=divisor).scaled(width, channels),
        width * channels / stem,
    )
    if channels == stem:
        assert got == width
    else:
        assert got % divisor == 0
        assert got >= max(divisor, 0.9 * wanted)
        assert got <= wanted + divisor


@pytest.mark.parametrize(
    ("height", "width", "kept"),
    [(1, 1, 0), (3, 300, 0), (4, 4, 1), (8, 8, 2), (9, 13, 2), (15, 15, 2), (16, 16, 3), (28, 28, 3),
     (32, 32, 4), (63, 500, 4), (64, 64, 5), (224, 224, 5), (1000, 1000, 5)],
)  # fmt: skip
def test_a_small_image_keeps_the_last_strides(height, width, kept):
    strides = LAYOUT.strides(ImageShape(3, height, width, 10))
    halving = [i for i, stride in enumerate(strides) if stride == 2]
    assert halving == [0, 1, 3, 7, 15][5 - kept :]
    assert min(height, width) < 2 or min(height, width) // 2**kept >= 2


@pytest.mark.parametrize(
    "wrong",
    [{"stages": ()}, {"stages": ((8, 0, 1),)}, {"stages": ((0, 1, 1),)}, {"stages": ((8, 1, 3),)},
     {"stem": 0}, {"head": 0}, {"stem_stride": 4}, {"first": -1}, {"divisor": 0}, {"eps": 0.0},
     {"stages": ((8, 1),)}, {"activation": "gelu"}],
)  # fmt: skip
def test_impossible_layouts_are_refused(wrong):
    with pytest.raises(Refused):
        Layout(**{"stem": 8, "stages": ((8, 1, 1),), "head": 8, **wrong})


# -- spaces -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [("k3e3", "k3e3"), ("k4e3",), ("shuffle2",), (), ("identity",)])
def test_impossible_options_are_refused(wrong):
    with pytest.raises(BadValue):
        ProxylessNas(options=wrong)


def test_own_blocks():
    own = {"plain": operations.relu_conv_norm(3)}
    space = replace(TINY["proxylessnas"], options=("k3e3", "plain"), own=own)
    assert space.size() == 2**4
    net = subnet(space, space.from_numbers([1] * 4), Shape(4), image(8))
    assert count(net, image(8)).parameters > 0


def test_shuffle_units_want_stages_that_widen():
    space = Spos(layout=Layout(8, ((8, 2, 2),), 16, divisor=4))
    with pytest.raises(BadValue, match="widen every stage"):
        subnet(space, space.choices.at(0), Shape(8), image(16))


@pytest.mark.parametrize("name", NAMES)
def test_partial_channels_are_refused(name):
    space = gapless.spaces.get(name)
    with pytest.raises(BadValue, match="partial of 1"):
        space.network(space.choices, Shape(8, partial=2), image(8))


@pytest.mark.parametrize("name", NAMES)
def test_numbers_and_back(name):
    space = gapless.spaces.get(name)
    for i in range(20):
        arch = space.choices.sample(Streams(0).generator("numbers", i))
        assert space.from_numbers(space.numbers(arch)) == arch
    layers = len(space.choices.choices)
    for wrong in ([0] * (layers - 1), [0] * (layers + 1), [len(space.options)] * layers, [-1] * layers):
        with pytest.raises(BadValue, match=f"{layers} numbers"):
            space.from_numbers(wrong)


def test_drawing_shows_published_channels():
    (panel,) = NasBenchMacro().drawing(NasBenchMacro().from_string("02100000"))
    assert [n["label"] for n in panel["nodes"]] == [
        "stem", "64 /2", "64", "128 /2", "128", "128", "256 /2", "256", "256", "head"
    ]  # fmt: skip
    assert [e["label"] for e in panel["edges"]] == ["identity", "k5e6", "k3e3", *["identity"] * 5, ""]


# -- networks -----------------------------------------------------------------------------------------


def randomised(space, arch, shape, at):
    """A stand-alone network in evaluation mode, with random scale, shift and statistics."""
    with seeded(1):
        net = subnet(space, arch, shape, at).double().eval()
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.uniform_(-1, 1)
                module.running_var.uniform_(0.5, 2)
                torch.nn.init.uniform_(module.weight, 0.5, 2)
                torch.nn.init.uniform_(module.bias, -1, 1)
    return net


@pytest.mark.parametrize("side", [8, 33, 64])
@pytest.mark.parametrize("name", NAMES)
def test_networks_against_the_oracle(name, side):
    """Values and costs of random architectures, with strides dropped and kept."""
    space, at, shape = gapless.spaces.get(name), image(side), Shape(4)
    layout = space.layout
    for i in range(2):
        arch = space.choices.sample(Streams(side).generator(name, i))
        net, first = randomised(space, arch, shape, at), layout.scaled(layout.first, 4) if layout.first else 0
        rows, stem_stride = blocks(space, arch, shape, at), layout.strides(at)[0]
        x = torch.randn(2, 3, side, side, dtype=torch.float64, generator=torch.Generator().manual_seed(i))
        with torch.no_grad():
            wanted = oracle.logits(
                x,
                net.state_dict().values(),
                first,
                rows,
                layout.activation,
                layout.eps,
                layout.bias,
                stem_stride,
            )
            assert torch.allclose(net(x), wanted, rtol=1e-10, atol=1e-10 * float(wanted.abs().max()))
        head = layout.scaled(layout.head, 4)
        cost = count(net, at)
        assert (cost.parameters, cost.macs) == oracle.costs(
            side, 4, first, rows, head, 10, layout.bias, stem_stride
        )


def test_drop_path_leaves_a_way_through():
    """With every body dropped, what is left are layers that change the shape; no image is lost."""
    space = TINY["proxylessnas"]
    with seeded(0):
        net = subnet(space, space.from_numbers([0] * 4), Shape(4), image(8)).double()
    x = torch.randn(4, 3, 8, 8, dtype=torch.float64)
    with seeded(0):
        dropped = net(x, None, 1 - 1e-12)
    y = net.layers[2].k3e3(net.layers[0].k3e3(net.stem(x)) if not net.same[0] else net.stem(x))
    wanted = net.classifier(net.head(y).mean((2, 3)))
    assert torch.allclose(dropped, wanted, atol=1e-10)
    assert not torch.allclose(net(x), wanted, atol=1e-3)


@pytest.mark.parametrize("name", TINY)
def test_populations_are_scored_by_what_they_begin_with(name):
    """As one architecture at a time, in float64; BatchNorm statistics are recomputed."""
    space, shape, digits = TINY[name], Shape(4, affine=name == "spos"), datasets.get("digits", limit=120)
    net = supernet(space, shape, digits, torch.float64)
    assert isinstance(net, Chained)
    archs = [space.choices.sample(Streams(2).generator(name, i)) for i in range(6)]
    one = numbers_of(one_by_one(net, archs, digits, space=space, shape=shape))
    many = numbers_of(together(net, archs, digits, space=space, shape=shape))
    for (a, own, *rest), (b, shared, *same) in zip(one, many, strict=True):
        assert (a, rest) == (b, same)
        assert own == pytest.approx(shared, rel=1e-10, abs=1e-10)


def test_links_are_the_network():
    space, at = TINY["spos"], image(8)
    net = subnet(space, space.from_numbers([0, 3, 1]), Shape(4), at).eval()
    links, x = net.links(), torch.randn(2, 3, 8, 8)
    y = links.stem(x)
    for options in links.layers.values():
        (layer,) = options.values()
        y = layer(y)
    assert torch.allclose(links.tail(y), net(x), atol=1e-6)


def test_one_path_of_a_super_network_is_not_another():
    space = FairNas(layout=Layout(4, ((4, 2, 2), (8, 1, 2)), 16, first=4, divisor=4))
    with seeded(0):
        net = space.network(space.choices, Shape(4), image(8)).double().eval()
    x, seen = torch.randn(2, 3, 8, 8, dtype=torch.float64), []
    for options in (["k3e3"] * 3, ["k7e6"] * 3, ["k3e3", "k3e3", "k5e6"]):
        arch = Arch.of({f"layer{i}": option for i, option in enumerate(options)})
        seen.append(net(x, onehot(space.choices, arch)))
    assert not any(torch.allclose(a, b) for a, b in pairwise(seen))
