"""Genetic CNN: sizes, bits, the nodes that are left, and what a stage computes."""

from __future__ import annotations

import itertools

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
from gapless.spaces.genetic_cnn import GeneticCnn, Stage, pairs, reads

SPACE = GeneticCnn()
IMAGE = ImageShape(3, 16, 16, 10)


def of(*stages):
    """Bits of each stage as the paper writes them: ``1-01``."""
    picks = {}
    for s, text in enumerate(stages):
        places = pairs(text.count("-") + 2)
        bits = zip(places, text.replace("-", ""), strict=True)
        picks[f"stage{s}"] = {"bits": {f"{i}-{j}": bit for (i, j), bit in bits}}
    return Arch.of(picks)


@pytest.mark.parametrize(
    ("nodes", "size"), [((3, 5), 8192), ((3, 4, 5), 2**19), ((2,), 2), ((2, 3), 16), ((4,), 64)]
)
def test_sizes(nodes, size):
    space = GeneticCnn(nodes)
    assert space.size() == space.choices.size() == size
    if size < 100:
        assert len({space.text(arch) for arch in space.choices}) == size


def test_nodes_that_are_left_by_hand():
    """Node 2 reads node 1; node 3 is isolated; nodes 4 and 5: see the bits."""
    arch = of("1-00", "1-00-010-0010")
    assert SPACE.reads(arch, 0) == {0: (), 1: (0,), 2: (1,), 4: (2,)}
    assert SPACE.reads(arch, 1) == {0: (), 1: (0,), 2: (1,), 3: (0,), 4: (2,), 5: (3,), 6: (4, 5)}
    assert SPACE.reads(of("0-00", "0-00-000-0000"), 0) == {0: ()}
    assert SPACE.text(arch) == "1-00 | 1-00-010-0010"


@given(st.integers(2, 5), st.data())
def test_every_node_lies_between_input_and_output(nodes, data):
    linked = {pair: data.draw(st.booleans()) for pair in pairs(nodes)}
    table = reads(nodes, linked)
    touched = {node for pair, is_linked in linked.items() if is_linked for node in pair}
    assert set(table) == ({0, *touched, nodes + 1} if touched else {0})
    read = {source for sources in table.values() for source in sources}
    assert read == set(table) - {max(table)}
    for node, sources in table.items():
        inner = tuple(i for i in range(1, node) if 0 < node <= nodes and linked[i, node])
        if 0 < node <= nodes:
            assert sources == (inner or (0,))


def test_a_larger_stage_holds_every_smaller_one():
    """Adding an isolated node changes nothing: the reason that the paper gives for dropping it."""
    for bits in itertools.product((False, True), repeat=3):
        small = dict(zip(pairs(3), bits, strict=True))
        large = {pair: small.get(pair, False) for pair in pairs(4)}
        renamed = {{5: 4}.get(node, node): sources for node, sources in reads(4, large).items()}
        assert renamed == reads(3, small)


def test_a_stage_written_out():
    with seeded(0):
        stage = Stage(reads(3, {(1, 2): True, (1, 3): True, (2, 3): False}), 2, 4, 5, True).double().eval()
    x = torch.randn(2, 2, 6, 7, dtype=torch.float64)
    entry = stage.node0(x)
    first = stage.node1(entry)
    wanted = stage.node4(stage.node2(first) + stage.node3(first))
    assert torch.equal(stage(x), wanted)
    assert (wanted >= 0).all()


def test_parameters_by_hand():
    """An empty stage is one convolution; a full one of 3 nodes five."""
    c, nothing = 4, of("0-00", "0-00-000-0000")
    outside = (2 * c * 4 * 4) * 16 * c + 16 * c + 16 * c * 10 + 10
    empty = (3 * c * 25 + 2 * c) + (c * 2 * c * 25 + 4 * c)
    assert count(subnet(SPACE, nothing, Shape(c), IMAGE), IMAGE).parameters == outside + empty
    more = 4 * (c * c * 25 + 2 * c)
    full = subnet(SPACE, of("1-11", "0-00-000-0000"), Shape(c), IMAGE)
    assert count(full, IMAGE).parameters == outside + empty + more


def test_a_panel_a_stage():
    first, second = SPACE.drawing(of("1-00", "0-00-000-0000"))
    assert (first["title"], second["title"]) == ("stage 1", "stage 2")
    assert [node["label"] for node in first["nodes"]] == ["in", "1", "2", "out"]
    assert [(edge["from"], edge["to"]) for edge in first["edges"]] == [("0", "1"), ("1", "2"), ("2", "4")]
    assert [node["label"] for node in second["nodes"]] == ["in"]


@pytest.mark.parametrize("settings", [{"nodes": ()}, {"nodes": (3, 1)}, {"kernel": 4}, {"hidden": 0}])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(BadValue, match="stages of at least 2 nodes"):
        GeneticCnn(**settings)


def test_there_is_no_super_network():
    with pytest.raises(BadValue, match="no super-network"):
        SPACE.network(SPACE.choices, Shape(4), IMAGE)
    one = SPACE.choices.only(SPACE.choices.at(0))
    with pytest.raises(BadValue, match="partial of 1"):
        SPACE.network(one, Shape(4, partial=2), IMAGE)
