"""BatchNorm statistics: kept bitwise, or recomputed as the plain mean over batches."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gapless.core.errors import BadValue
from gapless.nets.seeded import seeded
from gapless.nets.statistics import normalizations, recalibrate, still


def net():
    with seeded(0):
        return nn.Sequential(
            nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4, affine=False), nn.ReLU(),
            nn.Conv2d(4, 2, 1), nn.BatchNorm2d(2), nn.Flatten(),
        ).double()  # fmt: skip


def batches(n=3, scale=1.0):
    draw = torch.Generator().manual_seed(2)
    return [scale * torch.randn(4 + i, 3, 6, 5, generator=draw, dtype=torch.float64) + i for i in range(n)]


def state(module):
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def same(a, b):
    return list(a) == list(b) and all(torch.equal(a[k], b[k]) for k in a)


def test_still_leaves_every_buffer_bitwise():
    module = net().train()
    module(batches()[0])
    before = state(module)
    with still(module):
        module(batches()[1])
        module(batches(scale=float("inf"))[1])
    assert same(before, state(module))
    module(batches()[1])
    assert not same(before, state(module))


def test_still_normalises_by_the_batch_in_training_and_by_statistics_in_evaluation():
    module, x = net().train(), batches()[2]
    with still(module):
        quiet = module(x)
    assert torch.equal(quiet, module(x))
    module.eval()
    evaluated = module(x)
    with still(module):
        assert torch.equal(evaluated, module(x))
    assert not torch.equal(evaluated, quiet)


def test_still_is_over_after_an_error():
    module = net().train()
    before = state(module)

    def fail():
        with still(module):
            raise KeyError("stop")

    with pytest.raises(KeyError):
        fail()
    module(batches()[0])
    assert not same(before, state(module))


def test_still_lets_gradients_through():
    module = net().train()
    with still(module):
        module(batches()[0]).square().sum().backward()
    assert all(p.grad is not None for p in module.parameters())


@pytest.mark.parametrize("training", [True, False])
def test_recalibrate_is_the_mean_of_batch_statistics(training):
    module = net().train()
    module(batches(scale=9)[0])
    module.train(training)
    weights = [p.clone() for p in module.parameters()]
    recalibrate(module, batches())
    reached = [module[0](x) for x in batches()]
    first, second = normalizations(module)
    assert torch.allclose(first.running_mean, torch.stack([y.mean((0, 2, 3)) for y in reached]).mean(0))
    assert torch.allclose(first.running_var, torch.stack([y.var((0, 2, 3)) for y in reached]).mean(0))
    inner = []
    for y in reached:
        centred = y - y.mean((0, 2, 3), keepdim=True)
        scaled = centred / (y.var((0, 2, 3), keepdim=True, unbiased=False) + first.eps).sqrt()
        inner.append(module[3](scaled.relu()))
    assert torch.allclose(second.running_mean, torch.stack([y.mean((0, 2, 3)) for y in inner]).mean(0))
    assert torch.allclose(second.running_var, torch.stack([y.var((0, 2, 3)) for y in inner]).mean(0))
    assert module.training == training
    assert [layer.momentum for layer in normalizations(module)] == [0.1, 0.1]
    assert all(torch.equal(a, b) for a, b in zip(weights, module.parameters(), strict=True))


def test_recalibrate_does_not_depend_on_what_was_there():
    fresh, used = net(), net().train()
    used(batches(scale=5)[0])
    recalibrate(fresh, batches())
    recalibrate(used, iter(batches()))
    assert same(state(fresh), state(used))


def test_recalibrate_over_nothing_is_refused_and_changes_nothing():
    module = net().train()
    module(batches()[0])
    before = state(module)
    with pytest.raises(BadValue, match="at least 1 batch"):
        recalibrate(module, iter(()))
    assert same(before, state(module))
    assert [layer.momentum for layer in normalizations(module)] == [0.1, 0.1]
