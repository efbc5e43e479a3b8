"""The mutations of EvoNet: each does what it says, stays inside, and the child inherits the right layers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gapless.data.shape import ImageShape
from gapless.nets.seeded import seeded
from gapless.spaces.contract import Shape, subnet
from gapless.spaces.evonet import Conv, Evonet, Layer, inherit_where_shapes_match
from gapless.spaces.evonet_actions import ACTIONS, actions, mutant, near, packed

SPACE = Evonet(layers=5)
SHAPE, IMAGE = Shape(2), ImageShape(3, 8, 8, 5)
ROW = (
    Layer(1, Conv(3, 3, 2, 1), "norm_relu"),
    Layer(3, Conv(3, 3, 2, 1), "norm_relu", (0, 1)),
    Layer(4, None, "linear", (1,)),
    Layer(5, Conv(5, 3, 4, 2), "linear", (0, 3)),
)
seeds = st.integers(0, 2**32 - 1)


def children(layers, name, n=60, space=SPACE):
    """The layers of children that an action makes, over many seeds."""
    arch = space.encoded(layers)
    made = (actions(space, arch, np.random.default_rng(seed)) for seed in range(n))
    return [space.decoded(each[name].arch) for each in made]


def test_names_are_those_of_the_paper():
    assert list(ACTIONS) == [
        "insert_convolution", "remove_convolution", "alter_stride", "alter_number_of_channels",
        "filter_size", "insert_one_to_one", "add_skip", "remove_skip",
    ]  # fmt: skip


@given(st.integers(0, SPACE.size() - 1), seeds)
def test_children_are_packed_other_networks_of_the_space(number, seed):
    arch = SPACE.choices.at(number)
    same, _ = packed(SPACE, SPACE.decoded(arch))
    made = actions(SPACE, arch, np.random.default_rng(seed))
    assert made == actions(SPACE, arch, np.random.default_rng(seed))
    assert made
    for name, child in made.items():
        assert child.action == name
        assert child.arch in SPACE.choices
        assert child.arch != same
        layers = SPACE.decoded(child.arch)
        assert [layer.slot for layer in layers] == list(range(1, len(layers) + 1))
        parents = {layer.slot: layer for layer in SPACE.decoded(arch)}
        assert set(child.origin.values()) <= set(parents)
        assert len(layers) - len(child.origin) == name.startswith("insert")
        assert list(child.origin.values()) == sorted(child.origin.values())


def test_nothing_but_inserting_can_be_done_to_the_start():
    made = actions(SPACE, SPACE.encoded([]), np.random.default_rng(0))
    assert list(made) == ["insert_convolution", "insert_one_to_one"]
    full = [Layer(j, None, "linear") for j in range(1, 6)]
    assert list(actions(SPACE, SPACE.encoded(full), np.random.default_rng(0))) == ["add_skip"]


def test_inserted_layers():
    """Anywhere; a convolution is 3x3 of stride 1 or 2 and has the channels that come in; either vertex."""
    old = Layer(1, Conv(1, 1, 3, 1), "linear")
    found = set()
    for row in children([old], "insert_convolution"):
        place = next(i for i, layer in enumerate(row) if layer.conv != old.conv)
        new = row[place].conv
        found.add((place, new.stride, row[place].activation))
        assert new == Conv(3, 3, 3 if place else 1, new.stride)
    assert found == {(i, s, a) for i in (0, 1) for s in (1, 2) for a in ("norm_relu", "linear")}
    rows = children(ROW[:2], "insert_one_to_one", 40)
    assert {[layer.conv for layer in row].index(None) for row in rows} == {0, 1, 2}


def test_skips_move_along_with_their_layers():
    """Whatever is inserted before a skip's ends, it joins the same two layers."""
    for row in children(ROW, "insert_convolution"):
        last = next(i for i, layer in enumerate(row) if layer.conv == ROW[3].conv)
        ours = {row[s - 1].conv for s in row[last].skips if s}
        assert 0 in row[last].skips
        assert ours == {ROW[1].conv}


def test_removing_a_layer_removes_its_skips():
    rows = children(ROW, "remove_convolution")
    assert {len(row) for row in rows} == {3}
    without_second = [row for row in rows if [layer.skips for layer in row] == [(), (1,), (0,)]]
    assert without_second
    assert any([layer.skips for layer in row] == [(0,), (), (0, 1)] for row in rows)


@pytest.mark.parametrize(
    ("name", "fields", "values"),
    [("alter_stride", ("stride",), {2}), ("alter_number_of_channels", ("channels",), {1, 3, 4}),
     ("filter_size", ("height", "width"), {1, 5})],
)  # fmt: skip
def test_one_number_is_altered(name, fields, values):
    before, found = Conv(3, 3, 2, 1), set()
    for (layer,) in children([Layer(1, before, "linear", (0,))], name):
        changed = {f for f in vars(before) if getattr(layer.conv, f) != getattr(before, f)}
        assert len(changed) == 1
        (field,) = changed
        assert field in fields
        assert layer == replace(Layer(1, before, "linear", (0,)), conv=layer.conv)
        found.add((field, getattr(layer.conv, field)))
    assert found == {(field, value) for field in fields for value in values}


def test_skips_come_and_go():
    row = [Layer(1, None, "linear", (0,)), Layer(2, None, "norm_relu")]
    added = {tuple(layer.skips for layer in child) for child in children(row, "add_skip")}
    assert added == {((0,), (0,)), ((0,), (1,))}
    removed = {tuple(layer.skips for layer in child) for child in children(row, "remove_skip", 5)}
    assert removed == {((), ())}


@given(st.sets(st.integers(1, 60), min_size=2, max_size=9), st.data())
def test_near_values(values, data):
    rising = sorted(values)
    value = data.draw(st.sampled_from(rising))
    around = near(rising, value)
    i = rising.index(value)
    assert set(rising[:i][-1:] + rising[i + 1 :][:1]) <= set(around) <= values - {value}
    assert {v for v in rising if v != value and value / 2 <= v <= 2 * value} <= set(around)
    assert value not in around


def built(arch, seed):
    with seeded(seed):
        return subnet(SPACE, arch, SHAPE, IMAGE)


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_a_child_inherits_the_layers_that_it_has_of_its_parent(seed):
    """Tensor by tensor: from the layer that it was, where the shape is the same, and nothing else."""
    arch = SPACE.encoded(ROW)
    child = mutant(SPACE, arch, np.random.default_rng(seed))
    parent, new = built(arch, 0).state_dict(), built(child.arch, 1)
    before = {name: value.clone() for name, value in new.state_dict().items()}
    copied = inherit_where_shapes_match(new, parent, child.origin)
    for name, value in new.state_dict().items():
        place, slot, tensor = name.split(".", 2) if name.startswith("layers") else ("", "", name)
        was = child.origin.get(int(slot.removeprefix("layer") or 0))
        there = f"{place}.layer{was}.{tensor}" if place else name
        if "num_batches" not in name:
            fits = there in parent and parent[there].shape == value.shape
            assert (name in copied) == fits
            assert torch.equal(value, parent[there] if fits else before[name])


def test_an_inserted_layer_takes_no_weights_though_its_slot_had_some():
    """The second of two equal convolutions becomes the third; the new second starts anew."""
    conv = Conv(3, 3, 2, 1)
    arch, grown = (SPACE.encoded(Layer(j, conv, "linear") for j in range(1, n)) for n in (3, 4))
    parent, child = built(arch, 0).state_dict(), built(grown, 1)
    fresh = child.layers["layer2"].conv.weight.clone()
    inherit_where_shapes_match(child, parent, {1: 1, 3: 2})
    assert torch.equal(child.layers["layer1"].conv.weight, parent["layers.layer1.conv.weight"])
    assert torch.equal(child.layers["layer2"].conv.weight, fresh)
    assert torch.equal(child.layers["layer3"].conv.weight, parent["layers.layer2.conv.weight"])


def test_a_mutant_is_one_of_the_actions():
    arch = SPACE.encoded(ROW)
    made = {mutant(SPACE, arch, np.random.default_rng(seed)).action for seed in range(120)}
    assert made == set(ACTIONS)
