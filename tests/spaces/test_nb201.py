"""NAS-Bench-201: strings, official numbers, official costs, and what a cell computes."""

from __future__ import annotations

import hashlib
import random

import pytest
import torch
from torch.nn import functional

from gapless.core.errors import BadValue
from gapless.data.shape import ImageShape
from gapless.nets.cost import count
from gapless.nets.seeded import seeded
from gapless.spaces.contract import Shape, slots, subnet
from gapless.spaces.nb201 import EDGES, OPERATIONS, Cell, Nb201, Reduction, official_flops

SPACE = Nb201()
CIFAR = ImageShape(3, 32, 32, 10)
# SHA-256 of the 15,625 strings of the benchmark's own table, in the order of their index, a line each.
TABLE = "83abc799e45cf34e9d2163654668ab998b9a54d01c39e72ca1f71f2cdf356d84"


def uniform(operation):
    return SPACE.from_string(
        f"|{operation}~0|+|{operation}~0|{operation}~1|+|{operation}~0|{operation}~1|{operation}~2|"
    )


def cell(arch, channels=4):
    with seeded(0):
        return Cell(slots(SPACE.choices.only(arch)), channels, Shape(channels, 1)).double()


def test_size():
    assert SPACE.size() == SPACE.choices.size() == 5**6 == 15625
    (group,) = SPACE.choices.groups()
    assert (group.name, group.options, len(group.rows)) == ("edges", OPERATIONS, 6)
    assert group.pickable.all()


def test_every_official_index_and_string():
    strings = []
    for index in range(15625):
        arch = SPACE.from_index(index)
        text = SPACE.arch_string(arch)
        assert SPACE.from_string(text) == arch
        assert SPACE.official_index(arch) == index
        strings.append(text)
    assert hashlib.sha256("\n".join(strings).encode()).hexdigest() == TABLE


def test_numbers_do_not_touch_the_global_generator():
    before = random.getstate()
    Nb201().from_index(3)
    assert random.getstate() == before


def test_official_string_by_hand():
    """Architecture 9 of the benchmark, as its generator asserts it."""
    arch = SPACE.from_index(9)
    assert SPACE.text(arch) == "|avg_pool_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"
    assert {edge: arch.option(edge) for edge in EDGES} == {
        "0-1": "avg_pool_3x3", "0-2": "none", "1-2": "none",
        "0-3": "skip_connect", "1-3": "none", "2-3": "nor_conv_3x3",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", ["", "skip", "|none~1|+|none~0|none~1|+|none~0|none~1|none~2|", "|max_pool~0|+|none~0|none~1|"]
)
def test_bad_strings_are_refused(text):
    with pytest.raises(BadValue, match="NAS-Bench-201 string"):
        SPACE.from_string(text)


@pytest.mark.parametrize("index", [-1, 15625])
def test_bad_indices_are_refused(index):
    with pytest.raises(BadValue, match="official index"):
        SPACE.from_index(index)


def test_no_depth_is_refused():
    with pytest.raises(BadValue, match="depth"):
        SPACE.network(SPACE.choices, Shape(16), CIFAR)


@pytest.mark.parametrize(
    ("index", "megaflops", "megaparameters"),
    [(0, 15.64737, 0.129306), (11, 113.95137, 0.802426), (284, 11.71521, 0.101306)],
)
def test_official_costs(index, megaflops, megaparameters):
    net = subnet(SPACE, SPACE.from_index(index), SPACE.presets["paper"].deploy, CIFAR)
    cost = count(net, CIFAR)
    assert official_flops(net, CIFAR) / 1e6 == megaflops
    assert cost.parameters / 1e6 == megaparameters
    assert cost.macs == official_flops(net, CIFAR) - 10


def test_paper_preset():
    preset = SPACE.presets["paper"]
    assert (preset.search, preset.deploy) == (Shape(16, 5, affine=False), Shape(16, 5))
    training = preset.training
    assert (training.epochs, training.batch, training.weights.nesterov) == (200, 256, True)


def test_skip_cell_sums_paths():
    """1 + 1 + 2 paths lead from the input to the output."""
    x = torch.randn(2, 4, 5, 7, dtype=torch.float64)
    assert torch.equal(cell(uniform("skip_connect"))(x, None, 0.0), 4 * x)


def test_empty_cell_is_zeros():
    x = torch.randn(2, 4, 5, 7, dtype=torch.float64)
    assert torch.equal(cell(uniform("none"))(x, None, 0.0), torch.zeros_like(x))


def test_convolution_on_an_unreached_node_adds_its_shift():
    arch = SPACE.from_string("|none~0|+|none~0|none~1|+|skip_connect~0|nor_conv_3x3~1|none~2|")
    net, x = cell(arch), torch.randn(2, 4, 5, 7, dtype=torch.float64)
    norm = net.edges["1-3"].nor_conv_3x3[2]
    with torch.no_grad():
        norm.bias.copy_(torch.arange(4.0))
    assert torch.allclose(net(x, None, 0.0), x + norm.bias.view(1, 4, 1, 1), atol=1e-12)


@pytest.mark.parametrize("size", [(8, 8), (5, 8), (1, 1)])
def test_reduction_written_out(size):
    with seeded(1):
        block = Reduction(3, 6).double().eval()
    x = torch.randn(2, 3, *size, dtype=torch.float64)

    def conv(module, x, stride):
        y = functional.conv2d(functional.relu(x), module[1].weight, stride=stride, padding=1)
        return y / (1 + module[2].eps) ** 0.5

    body = conv(block.conv_b, conv(block.conv_a, x, 2), 1)
    pooled = functional.avg_pool2d(x, 2, 2, ceil_mode=True)
    wanted = body + torch.einsum("nchw,oc->nohw", pooled, block.shortcut[1].weight[:, :, 0, 0])
    assert torch.allclose(block(x), wanted, atol=1e-12)
