"""EvoNet: sizes, what a vertex computes, and what a child inherits."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gapless.core.errors import BadValue
from gapless.data.shape import ImageShape
from gapless.nets.cost import count
from gapless.nets.seeded import seeded
from gapless.spaces.contract import Shape, subnet
from gapless.spaces.evonet import Conv, Evonet, Layer, inherit_where_shapes_match, reshaped

SPACE = Evonet()
SHAPE, IMAGE = Shape(2), ImageShape(3, 8, 8, 5)
ROW = (
    Layer(1, Conv(3, 5, 2, 2), "norm_relu"),
    Layer(2, None, "linear", (0,)),
    Layer(4, Conv(1, 1, 3, 1), "linear", (1, 3)),
)


def network(layers, seed=0, space=SPACE):
    with seeded(seed):
        return subnet(space, space.encoded(layers), SHAPE, IMAGE).double()


def test_sizes():
    assert SPACE.size() == SPACE.choices.size()
    total = 1
    for j in range(1, 9):
        total *= 1 + (2 + 4 * 4 * 6 * 3 * 2) * 2**j
    assert SPACE.size() == total


@pytest.mark.parametrize(
    ("layers", "kernels", "strides", "size"),
    [(1, (3,), (1,), 1 + (2 + 2) * 2), (2, (3,), (1,), 9 * 17), (1, (1, 3), (1, 2), 1 + (2 + 16) * 2)],
)
def test_small_spaces_listed(layers, kernels, strides, size):
    space = Evonet(layers, kernels, (1,), strides)
    assert space.size() == len({space.text(arch) for arch in space.choices}) == size


@given(st.integers(0, SPACE.size() - 1))
def test_decoding_and_encoding_are_inverse(number):
    arch = SPACE.choices.at(number)
    assert SPACE.encoded(SPACE.decoded(arch)) == arch


def test_layers_outside_the_space_are_refused():
    for layer in (Layer(1, Conv(3, 3, 5, 1), "linear"), Layer(9, None, "linear"), Layer(1, None, "relu")):
        with pytest.raises(BadValue):
            SPACE.encoded([layer])


def test_the_start_is_a_linear_layer_on_the_pooled_image():
    net = network([])
    assert [name for name, _ in net.named_parameters()] == ["classifier.weight", "classifier.bias"]
    x = torch.randn(2, 3, 8, 8, dtype=torch.float64)
    assert torch.allclose(net(x), net.classifier(x.mean((2, 3))))
    assert SPACE.text(SPACE.encoded([])) == " | ".join("-" * 8)


def test_a_network_written_out():
    """The image comes into vertex 2 smaller, with a channel of zeros; slot 3 is empty and skips nothing."""
    net, x = network(ROW).eval(), torch.randn(2, 3, 8, 8, dtype=torch.float64)
    one = torch.relu(net.layers["layer1"].activation[0](net.layers["layer1"].conv(x)))
    assert one.shape == (2, 4, 4, 4)
    two = one.clone()
    two[:, :3] += x[:, :, ::2, ::2]
    three = net.layers["layer4"].conv(two)
    assert three.shape == (2, 6, 4, 4)
    three[:, :4] += one
    assert torch.allclose(net(x), net.classifier(three.mean((2, 3))), atol=1e-12)
    assert SPACE.text(SPACE.encoded(ROW)).startswith(
        "3x5@2/2 norm_relu | one_to_one linear +0 | - | 1x1@3/1 linear +1 +3 | -"
    )


def test_parameters_by_hand():
    convs = 3 * 4 * 15 + 2 * 4 + 4 * 6 + 6
    assert count(network(ROW), IMAGE).parameters == convs + 6 * 5 + 5


@given(*(st.tuples(*(st.integers(1, 6),) * 3) for _ in range(2)))
def test_reshaping_takes_the_nearest_and_the_first(own, other):
    x = torch.arange(1.0, 1 + own[0] * own[1] * own[2]).view(1, *own)
    y = reshaped(x, torch.empty(1, *other))
    assert y.shape == (1, *other)
    for c in range(other[0]):
        for i in range(other[1]):
            for j in range(other[2]):
                where = i * own[1] // other[1], j * own[2] // other[2]
                assert y[0, c, i, j] == (x[0, c, where[0], where[1]] if c < own[0] else 0)


def test_a_child_of_the_same_shapes_has_all_weights_and_another_vertex_what_fits():
    parent, child = network(ROW), network(ROW, seed=1)
    parent(torch.randn(4, 3, 8, 8, dtype=torch.float64))
    copied = inherit_where_shapes_match(child, parent.state_dict())
    assert set(copied) == set(child.state_dict())
    assert all(torch.equal(value, child.state_dict()[name]) for name, value in parent.state_dict().items())
    linear = [Layer(1, ROW[0].conv, "linear"), *ROW[1:]]
    other = network(linear, seed=2)
    copied = inherit_where_shapes_match(other, parent.state_dict())
    assert set(other.state_dict()) - set(copied) == {"layers.layer1.conv.bias"}


def test_what_does_not_fit_is_left_as_it_was():
    """More channels in layer 1 cost it everything, and layer 4 its filters; counts go with statistics."""
    parent = network(ROW)
    parent(torch.randn(4, 3, 8, 8, dtype=torch.float64))
    child = network([Layer(1, Conv(3, 5, 4, 2), "norm_relu"), *ROW[1:]], seed=1)
    before = {name: value.clone() for name, value in child.state_dict().items()}
    copied = inherit_where_shapes_match(child, parent.state_dict())
    assert set(copied) == {"layers.layer4.conv.bias", "classifier.weight", "classifier.bias"}
    for name, value in child.state_dict().items():
        assert torch.equal(value, parent.state_dict()[name] if name in copied else before[name])


def test_one_panel():
    (panel,) = SPACE.drawing(SPACE.encoded(ROW))
    assert [(edge["from"], edge["to"], edge["label"]) for edge in panel["edges"]] == [
        ("0", "1", "3x5@2/2"), ("1", "2", "one_to_one"), ("0", "2", "skip"), ("2", "4", "1x1@3/1"),
        ("1", "4", "skip"), ("4", "out", ""),
    ]  # fmt: skip
    assert [node["label"] for node in panel["nodes"]] == [
        "image", "norm relu", "linear", "linear", "classifier",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "settings",
    [{"layers": 0}, {"kernels": (1, 5)}, {"kernels": (2, 3)}, {"channels": ()}, {"channels": (2, 1)},
     {"channels": (0, 1)}, {"strides": (2, 4)}, {"strides": (1, 3)}],
)  # fmt: skip
def test_impossible_settings_are_refused(settings):
    with pytest.raises(BadValue, match="rising lists"):
        Evonet(**settings)
