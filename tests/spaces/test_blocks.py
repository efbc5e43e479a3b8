"""Spaces of blocks: both ways of counting, published cells and their parameters, networks against a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import comb, prod

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracles import blocks as oracle
from torch.nn import functional

import gapless.data
import gapless.spaces
from gapless.core import Streams
from gapless.core.errors import BadValue, UnknownName
from gapless.data.shape import ImageShape
from gapless.nets.block_network import Block, BlockNetwork, Plan, unread
from gapless.nets.seeded import seeded
from gapless.spaces.amoebanet import AMOEBANET_A, Amoebanet
from gapless.spaces.blocks import BlockSpace, builders
from gapless.spaces.contract import Shape, subnet
from gapless.spaces.nasnet import NASNET_A, Nasnet
from gapless.spaces.pnas import PNASNET_5, Pnas
from gapless.testing import spaces as battery

CIFAR = ImageShape(3, 32, 32, 10)
SMALL = ImageShape(3, 9, 7, 5)
EVERY = {"nasnet": (2, 13, 2), "pnas": (1, 8, 1), "amoebanet": (2, 8, 1)}
"""Cells, operations, ways to combine."""


@dataclass(frozen=True)
class Everything(BlockSpace):
    """All operations and combinations, so that few architectures cover them."""

    operations: tuple[str, ...] = tuple(builders(False))
    name: str = "everything"
    combines = ("add", "concat")


def table(plan):
    """A plan as the oracle reads it."""
    rows = [(*zip(b.states, b.operations, strict=True), b.combine) for b in plan.blocks]
    return [(*first, *second, combine) for first, second, combine in rows], plan.leaving


def between(depth):
    """Reduction cells between the stages."""
    return [False] * depth + ([True] + [False] * depth) * 2


def within(depth):
    """They are the first cells of the stages."""
    return [False] * depth + ([True] + [False] * (depth - 1)) * 2


def parameters(net):
    return sum(p.numel() for p in net.parameters())


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("blocks", [1, 3, 5])
def test_sizes_by_both_conventions(name, blocks):
    cells, operations, ways = EVERY[name]
    ordered = gapless.spaces.INDEX.get(name, blocks=blocks)
    distinct = gapless.spaces.INDEX.get(name, blocks=blocks, inputs="distinct")
    each = operations**2 * ways
    assert ordered.size() == prod((b + 1) ** 2 * each for b in range(1, blocks + 1)) ** cells
    assert distinct.size() == (each**blocks * prod(comb(k, 2) for k in range(2, blocks + 2))) ** cells


def test_published_size():
    """Liu et al. 2018, section 3.1: 5.6e14. By the other convention there are 200 times fewer."""
    assert Pnas().size() == 8**10 * 720**2 == 556_627_761_561_600
    assert Pnas(inputs="distinct").size() == 8**10 * 2_700 == 2_899_102_924_800
    assert Amoebanet().size() == Pnas().size() ** 2


def test_distinct_blocks_are_all_the_different_pairs():
    space = Pnas(blocks=1, inputs="distinct", operations=("skip_connect", "sep_conv_3x3"))
    blocks = [space.cell(arch, "cell")[0] for arch in space.choices]
    assert len(set(blocks)) == 4
    assert {block.states for block in blocks} == {(0, 1)}


PUBLISHED = {
    "nasnet-a": (Nasnet(), NASNET_A, between, (32, 6), ((0, 2, 3, 4, 5, 6), (3, 4, 5, 6))),
    "pnasnet-5": (Pnas(), PNASNET_5, within, (48, 3), ((2, 3, 4, 5, 6),) * 2),
    "amoebanet-a": (Amoebanet(), AMOEBANET_A, between, (36, 6), ((0, 3, 4, 6), (2, 3, 4, 5, 6))),
    "amoebanet-a-32": (Amoebanet(), AMOEBANET_A, between, (32, 6), ((0, 3, 4, 6), (2, 3, 4, 5, 6))),
}
"""With the states that leave the two cells in the published code."""


@pytest.mark.parametrize(
    ("name", "exact", "millions"),
    [("nasnet-a", 3_328_234, "3.3"), ("pnasnet-5", 3_176_602, "3.2"),
     ("amoebanet-a", 3_207_106, "3.2"), ("amoebanet-a-32", 2_558_858, "2.6")],
)  # fmt: skip
def test_parameters_of_published_networks(name, exact, millions):
    """NASNet-A 3.3M, PNASNet-5 3.2M, AmoebaNet-A 3.2M at 36 channels and 2.6M at 32, as in their tables."""
    space, cells, pattern, (channels, depth), leaving = PUBLISHED[name]
    sides = list(cells.values())
    normal, reduce = (Plan(tuple(sides[i]), leaving[i]) for i in (0, -1))
    with torch.device("meta"):
        net = BlockNetwork(
            normal, reduce, builders(False), depth, channels, True, CIFAR, space.extra_reductions
        )
    wanted = oracle.parameters(table(normal), table(reduce), pattern(depth), channels)
    assert parameters(net) == wanted == exact
    assert f"{exact / 1e6:.1f}" == millions


@pytest.mark.parametrize(
    ("name", "exact"), [("nasnet-a", 3_061_738), ("pnasnet-5", 3_176_602), ("amoebanet-a", 2_818_162)]
)
def test_published_cells_are_in_their_spaces(name, exact):
    """By the rule of the papers fewer states leave NASNet-A and AmoebaNet-A than in their code."""
    space, cells, pattern, (channels, depth), _ = PUBLISHED[name]
    arch = space.of(cells)
    assert arch in space.choices
    assert {kind: space.cell(arch, kind) for kind in space.kinds} == cells
    assert space.presets["paper"].deploy == Shape(channels, depth)
    with torch.device("meta"):
        net = subnet(space, arch, Shape(channels, depth), CIFAR)
    normal, reduce = (table(space.plan(arch, space.kinds[i])) for i in (0, -1))
    assert parameters(net) == oracle.parameters(normal, reduce, pattern(depth), channels) == exact


@pytest.mark.parametrize("check", battery.checks(Nasnet()), ids=lambda check: check.__name__)
def test_spaces_of_distinct_inputs_hold(check):
    check(Nasnet(blocks=2, inputs="distinct"), battery.IMAGE)


def test_what_leaves_a_cell():
    space, names = Amoebanet(), ("skip_connect", "skip_connect")
    arch = space.of(AMOEBANET_A)
    assert space.plan(arch, "normal").leaving == (3, 4, 6)
    assert space.plan(arch, "reduce").leaving == (3, 5, 6)
    assert Pnas().plan(Pnas().of(PNASNET_5), "cell").leaving == (2, 3, 4, 5, 6)
    assert unread((Block((0, 0), names), Block((0, 2), names), Block((3, 3), names))) == (4,)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("inputs", ["ordered", "distinct"])
def test_networks_against_the_table_of_layers(seed, inputs):
    """Logits, in float64, of networks with random statistics; images whose sides are odd."""
    space, channels = Everything(inputs=inputs), 8
    arch = space.choices.sample(Streams(seed).generator("blocks"))
    with seeded(seed):
        net = subnet(space, arch, Shape(channels, 1), SMALL).double().eval()
        for name, tensor in net.state_dict().items():
            if "running" in name:
                tensor.uniform_(0.5, 1.5)
        x = torch.randn(2, 3, 9, 7, dtype=torch.float64)
    plans = [space.plan(arch, kind) for kind in space.kinds]
    with torch.no_grad():
        found = net(x)
        normal, reduce = (table(plan) for plan in plans)
        wanted = oracle.logits(x, net.state_dict().values(), normal, reduce, between(1), channels)
    assert torch.allclose(found, wanted, rtol=1e-10, atol=1e-10)


def test_an_input_that_nothing_reads_has_no_weights():
    space = Pnas(blocks=1)
    arch = space.of({"cell": [Block((1, 1), ("sep_conv_3x3", "avg_pool_3x3"))]})
    with seeded(0):
        net = subnet(space, arch, Shape(4, 1), SMALL)
    assert [list(cell.inputs) for cell in net.cells] == [["1"]] * 3
    net(torch.zeros(2, 3, 9, 7)).sum().backward()
    assert all(p.grad is not None for p in net.parameters())


def test_states_that_leave_a_reduction_cell_are_halved():
    plan = Plan((Block((0, 1), ("skip_connect", "skip_connect")),), (0, 1, 2))
    net = BlockNetwork(plan, plan, builders(False), 1, 4, True, SMALL)
    assert net(torch.zeros(2, 3, 9, 7)).shape == (2, 5)
    assert [cell.out_channels for cell in net.cells] == [12, 24, 24, 48, 48]


def test_drop_path_spares_identities():
    """With everything else dropped, a sum of a convolution and an identity is the identity."""
    names = ("sep_conv_3x3", "skip_connect")
    plan = Plan((Block((1, 1), names),), (2,))
    with seeded(0):
        cell = BlockNetwork(plan, plan, builders(False), 1, 4, True, SMALL).double().cells[0]
        x = torch.randn(3, 12, 5, 5, dtype=torch.float64)
        kept = cell.inputs["1"](x)
        assert torch.allclose(cell(x, x, 1 - 1e-12), kept, atol=1e-10)
        assert not torch.allclose(cell(x, x), kept, atol=1e-3)
        cell.eval()
        assert torch.equal(cell(x, x, 0.9), cell(x, x))


@pytest.mark.parametrize("name", EVERY)
def test_quick_networks_learn(name):
    """A few steps on one batch of digits lower its loss; every weight has a gradient and moves."""
    space = gapless.spaces.get(name)
    data, arch = gapless.data.get("digits"), space.choices.sample(Streams(0).generator("arch"))
    with seeded(0):
        net = subnet(space, arch, space.presets["quick"].deploy, data.shape).train()
    before = {key: p.detach().clone() for key, p in net.named_parameters()}
    x, y = data.batch("train", 0, 8, Streams(0), torch.device("cpu"), augment=data.augment)
    descent = torch.optim.SGD(net.parameters(), 0.05, 0.9)
    losses = []
    for _ in range(8):
        descent.zero_grad()
        loss = functional.cross_entropy(net(x), y)
        loss.backward()
        descent.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.5
    assert not any(torch.equal(before[key], p) for key, p in net.named_parameters())


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_blocks_are_read_as_they_were_written(data):
    space = data.draw(st.sampled_from([Nasnet(), Pnas(blocks=10), Amoebanet(inputs="distinct")]))
    arch = space.choices.at(data.draw(st.integers(0, space.size() - 1)))
    cells = {kind: space.cell(arch, kind) for kind in space.kinds}
    assert space.of(cells) == arch
    for kind, blocks in cells.items():
        for state, block in enumerate(blocks, start=2):
            assert max(block.states) < state
            assert space.inputs == "ordered" or block.states[0] < block.states[1]
        leaving = space.plan(arch, kind).leaving
        assert leaving[-1] == 1 + len(blocks)
        assert all(state >= 2 for state in leaving)


def test_text_and_drawing():
    space = Nasnet(blocks=2)
    first = Block((1, 0), ("sep_conv_3x3", "skip_connect"), "concat")
    cells = {"normal": [first, Block((2, 2), ("conv_1x1", "conv_3x3"))], "reduce": [first, first]}
    arch = space.of(cells)
    assert space.text(arch).startswith(
        "normal: 2 = concat(1 sep_conv_3x3, 0 skip_connect), 3 = add(2 conv_1x1, 2 conv_3x3); reduce: 2 = con"
    )
    normal, reduce = space.drawing(arch)
    assert (normal["title"], reduce["title"]) == ("normal cell", "reduction cell")
    assert [node["label"] for node in normal["nodes"]] == ["c_{k-2}", "c_{k-1}", "2 concat", "3", "c_k"]
    assert [(e["from"], e["to"]) for e in normal["edges"]] == [
        ("1", "2"), ("0", "2"), ("2", "3"), ("2", "3"), ("3", "out"),
    ]  # fmt: skip
    assert [e["from"] for e in reduce["edges"] if e["to"] == "out"] == ["2", "3"]


def test_what_cannot_be_is_refused():
    space, arch = Pnas(), Pnas().of(PNASNET_5)
    with pytest.raises(BadValue, match="one architecture of space 'pnas', which has no super-network"):
        space.network(space.choices, Shape(8, 1), SMALL)
    for shape in (Shape(8), Shape(8, 1, partial=2)):
        with pytest.raises(BadValue, match="depth of at least 1 cell a stage, and partial of 1"):
            subnet(space, arch, shape, SMALL)
    with pytest.raises(BadValue, match="at least 1 block"):
        replace(space, blocks=0)
    with pytest.raises(UnknownName, match="did you mean 'ordered'"):
        replace(space, inputs="order")
    with pytest.raises(UnknownName, match="did you mean 'sep_conv_3x3'"):
        replace(space, operations=("sep_conv_3",))
    with pytest.raises(BadValue):
        Pnas(inputs="distinct").of(PNASNET_5)
