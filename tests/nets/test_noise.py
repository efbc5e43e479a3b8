"""Noise: what it depends on, and what it does not."""

import pytest
import torch
from torch import nn

from gapless.nets.noise import Noise, placed
from gapless.nets.seeded import seeded


def two():
    return placed(nn.ModuleDict({"a": Noise(1), "b": Noise(1)}))


def test_it_is_standard_normal_and_ignores_the_image():
    with seeded(3):
        found = Noise(1)(torch.full((8, 16, 32, 32), 7.0, dtype=torch.float64))
        assert torch.equal(found, Noise(1)(torch.zeros(8, 16, 32, 32, dtype=torch.float64)))
    assert abs(float(found.mean())) < 0.01
    assert abs(float(found.std()) - 1) < 0.01


@pytest.mark.parametrize(
    ("size", "stride", "out"), [((2, 3, 5, 4), 2, (2, 3, 3, 2)), ((1, 1, 1, 1), 2, (1, 1, 1, 1))]
)
@pytest.mark.parametrize("training", [True, False])
def test_shapes(size, stride, out, training):
    module = Noise(stride).train(training)
    for dtype in (torch.float32, torch.float64):
        found = module(torch.zeros(size, dtype=dtype))
        assert found.shape == out
        assert found.dtype == dtype


def test_training_draws_anew_with_every_seed_and_the_same_within_one():
    module, x = Noise(1), torch.zeros(2, 2, 4, 4)
    with seeded(1):
        first, torch_own = module(x), torch.rand(2)
    with seeded(1):
        assert torch.equal(torch.rand(2), torch_own)
        assert torch.equal(module(x), first)
    with seeded(2):
        assert not torch.equal(module(x), first)


def test_evaluation_is_the_same_for_every_seed_and_image():
    module, x = Noise(1).eval(), torch.zeros(3, 2, 4, 4)
    with seeded(1):
        first = module(x)
    with seeded(2):
        assert torch.equal(module(x), first)
    assert torch.equal(first[0], first[1])
    assert torch.equal(module(x[:1]), first[:1])


@pytest.mark.parametrize("training", [True, False])
def test_two_places_have_noise_of_their_own(training):
    net, again, x = two().train(training), two().train(training), torch.zeros(2, 2, 4, 4)
    assert not torch.equal(net["a"](x), net["b"](x))
    assert torch.equal(net["b"](x), again["b"](x))
