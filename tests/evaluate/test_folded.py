"""Blocks against the modules that they are made of."""

import copy

import pytest
import torch
from torch import nn

from gapless.evaluate.folded import Fork, Normalized, Plain, Split, Sum, block, fresh, kept
from gapless.nets.operations import inverted_residual
from gapless.nets.seeded import seeded
from gapless.nets.shuffle import shuffle, xception
from gapless.nets.statistics import normalizations, recalibrate

MODULES = {
    "inverted residual": lambda: inverted_residual(5, 3)(4, 4, 1, True),
    "reducing": lambda: inverted_residual(3, 2)(4, 6, 2, False),
    "pointwise": lambda: nn.Sequential(nn.Conv2d(4, 9, 1), nn.BatchNorm2d(9), nn.ReLU()),
    "strided pointwise": lambda: nn.Sequential(nn.Conv2d(4, 9, 1, 2), nn.BatchNorm2d(9)),
    "padded pointwise": lambda: nn.Sequential(nn.Conv2d(4, 9, 1, padding=1), nn.BatchNorm2d(9)),
    "padded by name": lambda: nn.Sequential(nn.Conv2d(4, 4, 3, padding="same"), nn.BatchNorm2d(4)),
    "norm first": lambda: nn.Sequential(nn.BatchNorm2d(4), nn.ReLU6(), nn.Conv2d(4, 4, 1)),
    "shuffle unit": lambda: shuffle(3)(4, 4, 1, True),
    "widening unit": lambda: xception(4, 10, 2, False),
    "no norm": lambda: nn.Sequential(nn.Conv2d(4, 4, 1), nn.Flatten()),
    "nothing": nn.Identity,
}


def made(name, dtype=torch.float64):
    with seeded(1):
        module = MODULES[name]().to(dtype)
        for norm in normalizations(module):
            if norm.affine:
                nn.init.normal_(norm.weight)
                nn.init.normal_(norm.bias)
    return module


def images(count, dtype=torch.float64, shift=0.0):
    generator = torch.Generator().manual_seed(0)
    return [shift + torch.randn(6, 4, 5, 5, generator=generator, dtype=dtype) for _ in range(count)]


def same(moments, module, tolerance):
    pairs = zip(moments.values(), normalizations(module), strict=True)
    return all(
        torch.allclose(mean, norm.running_mean, rtol=tolerance, atol=tolerance)
        and torch.allclose(var, norm.running_var, rtol=tolerance, atol=tolerance)
        for (mean, var), norm in pairs
    )


@pytest.mark.parametrize("name", MODULES)
@torch.no_grad()
def test_learns_what_recalibration_computes(name):
    module, batches, x = made(name), images(3), images(4)[3]
    moments, taken = fresh(module), fresh(module)
    own = block(module)
    reference = copy.deepcopy(module)
    recalibrate(reference, batches)
    before = [batch.clone() for batch in batches]
    for k, batch in enumerate(batches, 1):
        trained = copy.deepcopy(reference).train()(batch)
        assert torch.allclose(own.learn(batch, moments, 1 / k), trained, atol=1e-12)
        own.absorb(batch, taken, 1 / k)
    assert same(moments, reference, 1e-12)
    assert same(taken, reference, 1e-12)
    assert torch.allclose(own.ready(moments)(x), reference.eval()(x), atol=1e-12)
    assert all(torch.equal(a, b) for a, b in zip(before, batches, strict=True)), "an input was changed"


@pytest.mark.parametrize("name", MODULES)
@torch.no_grad()
def test_with_the_moments_that_it_has(name):
    module, (x,) = made(name), images(1)
    module.train()(x)
    expected = module.eval()(x)
    assert torch.allclose(block(module).ready(kept(module))(x), expected, atol=1e-12)


@torch.no_grad()
def test_single_precision_far_from_zero():
    """Statistics from mean and covariance lose no more digits than those of the output."""
    exact, batches = made("pointwise"), images(3, shift=100.0)
    recalibrate(exact, batches)
    module = made("pointwise", torch.float32)
    moments = fresh(module)
    for k, batch in enumerate(batches, 1):
        block(module).absorb(batch.float(), moments, 1 / k)
    assert same({n: (m.double(), v.double()) for n, (m, v) in moments.items()}, exact, 1e-5)


def test_what_is_folded():
    steps = block(made("inverted residual")).steps
    assert [type(step) for step in steps] == [Sum]
    assert [type(step) for step in steps[0].body.steps] == [Normalized] * 3
    assert [step.high for step in steps[0].body.steps] == [6.0, 6.0, None]
    assert [type(step) for step in block(made("norm first")).steps] == [Plain] * 3
    (unit,), (wide,) = block(made("shuffle unit")).steps, block(made("widening unit")).steps
    assert (type(unit), type(wide)) == (Split, Fork)
    steps = (*unit.body.steps, *wide.one.steps, *wide.two.steps)
    assert [type(step) for step in steps] == [Normalized] * 11
    assert block(nn.Identity()).steps == ()


@torch.no_grad()
def test_half_precision_is_not_folded():
    module = nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)).to(torch.bfloat16)
    assert [type(step) for step in block(module).steps] == [Plain, Plain]
