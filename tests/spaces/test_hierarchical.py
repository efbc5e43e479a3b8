"""Hierarchical representations: sizes, assembling against its definition, channels, moves."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gapless.core import Arch
from gapless.core.errors import BadValue
from gapless.data.shape import ImageShape
from gapless.nets.cost import count
from gapless.nets.seeded import seeded
from gapless.spaces.contract import Shape, subnet
from gapless.spaces.hierarchical import NONE, PRIMITIVES, Assembled, Hierarchical, pairs
from gapless.testing import spaces as battery

SPACE = Hierarchical()
SMALL = Hierarchical(((2, 3), (1, 3)))
TALL = Hierarchical(((2, 3), (2, 3), (1, 3)))
IMAGE = ImageShape(3, 8, 8, 5)


def of(space, **graphs):
    """Labels of the edges of motifs, such as ``level2_motif1={"1-2": "identity"}``; the others carry none."""
    picks = {}
    for choice in space.choices.choices:
        edges = (edge.name for edge in choice.inside("graph").choices)
        picks[choice.name] = {"graph": dict.fromkeys(edges, NONE) | graphs.get(choice.name, {})}
    return Arch.of(picks)


def defined(space, arch, net, name, x):
    """What a motif makes of ``x`` by its definition, from the last node back; None where it makes nothing."""
    graph, nodes = arch[name]["graph"], len(space.choices.choice((name,)).inside("graph").choices)
    last = next(n for n in range(2, 20) if n * (n - 1) // 2 == nodes)

    def operation(i, j):
        label = graph.option(f"{i}-{j}")
        inner = f"level{int(name[5]) - 1}_{label}"
        if label == NONE or (label not in PRIMITIVES and not alive(inner)):
            return None
        value = node(i)
        if value is None:
            return None
        module = net.edges[f"{i}-{j}"]
        return module(value) if label in PRIMITIVES else defined(space, arch, module, inner, value)

    def alive(inner):
        graph, reached = arch[inner]["graph"], {1}
        edges = [(int(e[0]), int(e[2]), graph.option(e)) for e in graph]
        for i, j, label in sorted(edges, key=lambda edge: edge[1]):
            below = f"level{int(inner[5]) - 1}_{label}"
            if i in reached and label != NONE and (label in PRIMITIVES or alive(below)):
                reached.add(j)
        return max(j for _, j, _ in edges) in reached

    def node(j):
        if j == 1:
            return x
        entering = [operation(i, j) for i in range(1, j)]
        entering = [value for value in entering if value is not None]
        return torch.cat(entering, 1) if entering else None

    made = node(last)
    return made if made is None else net.reduce(made)


@pytest.mark.parametrize(
    ("space", "size"),
    [(SPACE, 7**46), (Hierarchical(((1, 11),)), 7**55), (SMALL, 7**6 * 3**3), (TALL, 7**6 * 3**6 * 3**3)],
)
def test_sizes(space, size):
    assert space.size() == space.choices.size() == size


@pytest.mark.parametrize(("levels", "size"), [(((1, 2),), 7), (((1, 2), (1, 3)), 7 * 8), (((1, 3),), 343)])
def test_small_spaces_listed(levels, size):
    space = Hierarchical(levels)
    assert space.size() == len({space.text(arch) for arch in space.choices}) == size


@settings(max_examples=25)
@given(st.integers(0, TALL.size() - 1), st.sampled_from([1, 2, 3]))
def test_a_cell_is_what_its_definition_says(number, thinned):
    """Thinned architectures have many edges that carry none, hence ends that lead nowhere."""
    arch = TALL.choices.at(number)
    plain = arch.plain()
    for place, (name, own) in enumerate(sorted(plain.items())):
        for edge in own["graph"]:
            if (number + place + int(edge[0]) * int(edge[2])) % (thinned + 1) == 0:
                plain[name]["graph"][edge] = {NONE: {}}
    arch = Arch.of(plain)
    motifs = TALL.decoded(arch)
    with seeded(0):
        cell = Assembled(motifs, motifs.top, 2, 2, True).double().eval()
    x = torch.randn(1, 2, 4, 5, dtype=torch.float64)
    wanted = defined(TALL, arch, cell, "level4_motif1", x)
    y = cell(x)
    assert torch.equal(y, torch.zeros_like(x) if wanted is None else wanted)
    assert y.shape[1] == cell.c_out


def test_channels_by_hand():
    """Level 2 gives its input's channels back; the cell has the sum of what enters its last node."""
    arch = of(
        SMALL,
        level2_motif1={"1-2": "depthwise_3x3", "1-3": "identity", "2-3": "conv_1x1"},
        level2_motif2={"1-3": "separable_3x3", "1-2": "max_pool_3x3"},
        level3_motif1={"1-2": "motif1", "1-3": "motif2", "2-3": "motif1"},
    )
    c = 4

    def norm(n):
        return 2 * n

    def convs(width):
        depthwise, mixing = 9 * width + norm(width), width * c + norm(c)
        first = depthwise + mixing + (width + c) * width + norm(width)
        second = 9 * width + width * c + norm(c) + c * width + norm(width)
        return first, second

    first, second = convs(c)
    motifs = SMALL.decoded(arch)
    cell = Assembled(motifs, motifs.top, c, c, True)
    assert cell.c_out == 2 * c
    assert sum(p.numel() for p in cell.parameters()) == 2 * first + second
    assert list(cell.edges["1-3"].edges) == ["1-3"]


def test_reductions_double_channels_and_halve_the_image():
    arch = SPACE.identity_chain()
    net = subnet(SPACE, arch, Shape(4, 2), IMAGE).eval()
    assert [module[1].out_channels for module in net.between] == [4, 8, 8, 16, 16]
    assert [module[0].stride[0] for module in net.between] == [1, 2, 1, 2, 1]
    assert net.classifier.in_features == 16
    with torch.no_grad():
        assert net(torch.zeros(2, 3, 7, 9)).shape == (2, 5)


def test_the_start_is_a_chain_of_identities():
    arch = TALL.identity_chain()
    assert arch in TALL.choices
    motifs = TALL.decoded(arch)
    assert motifs.used() == [(4, 1), (3, 1), (2, 1)]
    assert all(set(motifs.edges(m)) == {(1, 2), (2, 3)} for m in motifs.labels)
    plain = count(subnet(SPACE, SPACE.identity_chain(), Shape(4, 1), IMAGE), IMAGE)
    ends = (27 * 4 + 8) + (36 + 4 * 8 + 16) + (72 + 8 * 16 + 32) + 16 * 5 + 5
    reduce = sum(4 * (c * c + 2 * c) for c in (4, 8, 16))
    assert plain.parameters == ends + reduce


@given(st.integers(0, 2**32 - 1))
def test_a_published_mutation_changes_one_edge(seed):
    rng = np.random.default_rng(seed)
    arch = SPACE.choices.sample(rng)
    changed = SPACE.mutated(arch, rng)
    assert changed in SPACE.choices
    changes = [
        (choice.name, edge.name)
        for choice in SPACE.choices.choices
        for edge in choice.inside("graph").choices
        if arch[choice.name]["graph"].option(edge.name) != changed[choice.name]["graph"].option(edge.name)
    ]
    assert len(changes) == 1


def test_levels_are_drawn_alike():
    """Half of the mutations change the cell itself, though it has 10 of 46 edges."""
    rng, arch = np.random.default_rng(0), SPACE.identity_chain()
    top = sum(SPACE.mutated(arch, rng)["level3_motif1"] != arch["level3_motif1"] for _ in range(300))
    assert 120 <= top <= 180


def test_a_panel_for_everything_that_is_used():
    arch = of(
        SMALL,
        level2_motif2={"1-2": "identity", "2-3": "conv_1x1"},
        level3_motif1={"1-2": "motif1", "2-3": "motif1", "1-3": "motif2"},
    )
    cell, inner = SMALL.drawing(arch)
    assert (cell["title"], inner["title"]) == ("level 3, motif 1", "level 2, motif 2")
    assert cell["edges"] == [{"from": "1", "to": "3", "label": "motif2"}]
    assert [edge["label"] for edge in inner["edges"]] == ["identity", "conv_1x1"]
    assert SMALL.text(arch) == (
        "2.1[] 2.2[1-2 identity, 2-3 conv_1x1] 3.1[1-2 motif1, 1-3 motif2, 2-3 motif1]"
    )


def test_other_levels_pass_the_battery():
    battery.check_space(TALL)


@pytest.mark.parametrize("levels", [(), ((6, 4), (2, 5)), ((1, 1),), ((0, 4), (1, 5))])
def test_impossible_levels_are_refused(levels):
    with pytest.raises(BadValue, match="single motif on the last"):
        Hierarchical(levels)


def test_no_depth_is_refused():
    with pytest.raises(BadValue, match="depth"):
        subnet(SPACE, SPACE.identity_chain(), Shape(4), IMAGE)


def test_pairs():
    assert pairs(3) == [(1, 2), (1, 3), (2, 3)]
