"""NAS-RL: sizes, the rules of section 3.3, padding, and parameters by hand."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gapless.core import Arch
from gapless.core.errors import BadValue
from gapless.data.shape import ImageShape
from gapless.nets.cost import count
from gapless.nets.seeded import seeded
from gapless.spaces.contract import Shape, subnet
from gapless.spaces.nas_rl import Layer, NasRl, concatenated
from gapless.testing import spaces as battery

IMAGE = ImageShape(3, 9, 12, 5)
FREE = NasRl(layers=4, strides=(1, 2, 3), linked=False)


def of(*layers):
    """Each layer: height, width, filters, perhaps strides, and the optional layers with yes or no."""
    names = ("height", "width", "filters")
    picks = {}
    for j, (sizes, *more) in enumerate(layers, 1):
        own = dict(zip(names, map(str, sizes), strict=True))
        for extra in more:
            own |= extra
        picks[f"layer{j}"] = {"conv": own}
    return Arch.of(picks)


def test_sizes():
    assert NasRl().size() == 64**6 * 2 ** (5 * 4 // 2) == NasRl().choices.size()
    assert NasRl(strides=(1, 2, 3)).size() == (64 * 9) ** 6 * 2**10
    assert NasRl(layers=15).size() == 64**15 * 2**91 == NasRl(layers=15).choices.size()


@pytest.mark.parametrize(
    ("settings", "size"),
    [({"layers": 1}, 2), ({"layers": 2}, 4), ({"layers": 4}, 2**4 * 2**3),
     ({"layers": 3, "linked": False}, 2**3 * 2**3), ({"layers": 2, "strides": (1, 2)}, (2 * 4) ** 2)],
)  # fmt: skip
def test_small_spaces_listed(settings, size):
    space = NasRl(**{"kernels": (3,), "filters": (24, 36), **settings})
    assert space.size() == len(set(space.choices)) == size
    assert len({space.text(arch) for arch in space.choices}) == size


def test_consecutive_layers_are_linked():
    space = NasRl(layers=3)
    arch = of(((3, 5, 24),), ((1, 7, 36),), ((5, 1, 64), {"from1": "yes"}))
    assert [layer.reads for layer in space.decoded(arch)] == [(0,), (1,), (1, 2)]
    assert space.text(arch) == "3x5@24(0) 1x7@36(1) 5x1@64(1,2)"
    net = subnet(space, arch, Shape(24), IMAGE)
    assert net.last == [3]
    convs = 3 * 24 * 15 + 24 * 36 * 7 + (24 + 36) * 64 * 5
    norms, head = 2 * (24 + 36 + 64), 64 * 5 + 5
    assert count(net, IMAGE).parameters == convs + norms + head


def test_the_rules_for_layers_that_read_none_or_that_none_reads():
    strides = {"stride_height": "1", "stride_width": "1"}
    arch = of(
        ((1, 1, 24), strides),
        ((1, 1, 36), strides | {"from1": "no"}),
        ((3, 3, 48), strides | {"stride_width": "3", "from1": "yes", "from2": "no"}),
        ((3, 3, 24), strides | {"from1": "yes", "from2": "no", "from3": "yes"}),
    )
    assert [layer.reads for layer in FREE.decoded(arch)] == [(0,), (0,), (1,), (1, 3)]
    with seeded(0):
        net = subnet(FREE, arch, Shape(4), IMAGE).double().eval()
    assert net.last == [2, 4]
    x = torch.randn(2, 3, 9, 12, dtype=torch.float64)
    one, two = net.layers[0](x), net.layers[1](x)
    three = net.layers[2](one)
    assert three.shape == (2, 8, 9, 4)
    wide = torch.zeros(2, 8, 9, 12, dtype=torch.float64)
    wide[:, :, :, :4] = three
    four = net.layers[3](torch.cat([one, wide], 1))
    wanted = net.classifier(torch.cat([two, four], 1).mean((2, 3)))
    assert torch.allclose(net(x), wanted, atol=1e-12)
    (panel,) = FREE.drawing(arch)
    into = [edge["from"] for edge in panel["edges"] if edge["to"] == "out"]
    assert into == ["2", "4"]
    assert panel["nodes"][3]["label"] == "3x3@48/1x3"


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=4))
def test_concatenating_keeps_every_map_in_its_corner(sizes):
    maps = [torch.full((1, *size), float(i + 1)) for i, size in enumerate(sizes)]
    whole, at = concatenated(maps), 0
    assert whole.shape[2:] == (max(h for _, h, _ in sizes), max(w for _, _, w in sizes))
    for x, (c, h, w) in zip(maps, sizes, strict=True):
        part, at = whole[:, at : at + c], at + c
        assert torch.equal(part[:, :, :h, :w], x)
        assert part.sum() == x.sum()
    assert at == whole.shape[1]


def test_the_variant_passes_the_battery():
    battery.check_space(FREE)


def test_layers_are_values():
    assert NasRl(layers=1).decoded(of(((7, 7, 64),))) == [Layer((7, 7), 64, (1, 1), (0,))]


@pytest.mark.parametrize(
    "settings",
    [{"layers": 0}, {"kernels": (1, 2)}, {"kernels": ()}, {"filters": (24, 24)}, {"strides": (0, 1)}],
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(BadValue, match="distinct odd kernels"):
        NasRl(**settings)


def test_too_few_channels_are_refused():
    space = NasRl(layers=1, filters=(4, 24))
    with pytest.raises(BadValue, match="raise channels"):
        subnet(space, space.choices.at(0), Shape(5), IMAGE)
