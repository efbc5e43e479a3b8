"""Descent against SGD and Adam written out by hand: idle weights, clipping, schedules, resume."""

import math

import pytest
import torch
from tests.oracles import darts as oracle

from gapless.core import Cosine, Linear, Progress
from gapless.core.training import Optim
from gapless.nets.descent import Descent

LR, MOMENTUM, DECAY = 0.1, 0.9, 0.05


def tensors(dtype=torch.float64):
    draw = torch.Generator().manual_seed(0)
    values = {n: torch.randn(3, generator=draw, dtype=torch.float64) for n in ("a", "b")}
    return {n: value.to(dtype).requires_grad_() for n, value in values.items()}


def gradient(step, n, dtype=torch.float64):
    draw = torch.Generator().manual_seed(10 * step + ord(n))
    return torch.randn(3, generator=draw, dtype=torch.float64).to(dtype)


def steps(descent, count, start=0, idle=lambda step, n: False, dtype=torch.float64, total=10):
    for step in range(start, start + count):
        descent.clear()
        for name, tensor in descent.named.items():
            if not idle(step, name):
                tensor.grad = gradient(step, name, dtype)
        descent.step(Progress(step, total))


def b_is_idle(step, name):
    return name == "b" and step in (2, 3)


@pytest.mark.parametrize("kind", ["sgd", "adam"])
@pytest.mark.parametrize("shape", [(), (1,), (2, 3)])
def test_what_is_remembered_comes_back_beside_the_weight(kind, shape):
    """From a checkpoint, which is on the host; Adam's count of its steps stays there."""
    weight = torch.zeros(shape, requires_grad=True)
    descent = Descent({"a": weight}, Optim(kind, LR, (MOMENTUM, 0.9)))
    weight.grad = torch.ones(shape)
    descent.step(Progress(0, 2))
    there = Descent({"a": torch.zeros(shape, device="meta", requires_grad=True)}, descent.optim)
    there.restore(descent.state())
    devices = {name: value.device.type for name, value in there.state().items()}
    assert devices == {name: "cpu" if name == "a/step" else "meta" for name in descent.state()}


@pytest.mark.parametrize("idle", ["freeze", "decay"])
def test_idle_weights(idle):
    """Frozen ones keep value and velocity; decaying ones move on by momentum and weight decay."""
    named = tensors()
    w, velocity = {n: t.detach().clone() for n, t in named.items()}, {}
    descent = Descent(named, Optim("sgd", LR, (MOMENTUM, 0), DECAY, idle=idle))
    for step in range(6):
        before = named["b"].detach().clone()
        steps(descent, 1, step, b_is_idle)
        given = {n: gradient(step, n) for n in named if not b_is_idle(step, n)}
        if idle == "decay":
            given = {n: given.get(n, torch.zeros(3, dtype=torch.float64)) for n in named}
        oracle.sgd(w, given, velocity, LR, MOMENTUM, DECAY)
        for name, tensor in named.items():
            torch.testing.assert_close(tensor.detach(), w[name], rtol=1e-14, atol=1e-14)
        if step in (2, 3):
            assert torch.equal(named["b"], before) == (idle == "freeze")


def test_adam_with_coupled_weight_decay():
    named = tensors()
    alpha, moments = {n: t.detach().clone() for n, t in named.items()}, {}
    descent = Descent(named, Optim("adam", LR, (0.5, 0.999), DECAY))
    for step in range(5):
        steps(descent, 1, step)
        oracle.adam(alpha, {n: gradient(step, n) for n in named}, moments, LR, (0.5, 0.999), DECAY)
        for name, tensor in named.items():
            torch.testing.assert_close(tensor.detach(), alpha[name], rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("clip", [0.5, 100.0])
def test_the_whole_gradient_is_clipped_before_weight_decay(clip):
    named = tensors()
    before = {n: t.detach().clone() for n, t in named.items()}
    steps(Descent(named, Optim("sgd", LR, (0.0, 0), DECAY, clip=clip)), 1)
    whole = math.sqrt(sum(float(gradient(0, n).square().sum()) for n in named))
    factor = min(1.0, clip / (whole + 1e-6))
    assert (factor < 1) == (clip == 0.5)
    for name, tensor in named.items():
        expected = before[name] - LR * (gradient(0, name) * factor + DECAY * before[name])
        torch.testing.assert_close(tensor.detach(), expected, rtol=1e-13, atol=1e-13)


def test_idle_weights_do_not_count_in_the_norm():
    alone, named = {"a": tensors()["a"]}, tensors()
    optim = Optim("sgd", LR, (0.0, 0), 0.0, clip=0.5)
    steps(Descent(alone, optim), 1)
    steps(Descent(named, optim), 1, idle=lambda step, n: n == "b")
    assert torch.equal(alone["a"], named["a"])


@pytest.mark.parametrize("schedule", [Linear(0.5, 0.0), Cosine(0.5, 0.1, per="step"), Cosine(0.5, 0.1)])
def test_each_step_takes_the_rate_of_where_it_begins(schedule):
    named = tensors()
    descent = Descent(named, Optim("sgd", schedule, (0.0, 0), 0.0))
    for step in range(4):
        before = named["a"].detach().clone()
        progress = Progress(step, 4, step // 2, 2)
        named["a"].grad = torch.ones(3, dtype=torch.float64)
        descent.step(progress)
        torch.testing.assert_close(before - named["a"].detach(), torch.full_like(before, schedule(progress)))
        assert descent.lr(progress) == schedule(progress)


@pytest.mark.parametrize(
    "optim",
    [
        Optim("sgd", Linear(0.1, 0.0), (MOMENTUM, 0), DECAY, clip=1.0),
        Optim("sgd", 0.1, (MOMENTUM, 0), DECAY, nesterov=True),
        Optim("sgd", 0.1, (0.0, 0), DECAY),
        Optim("adam", Cosine(0.1, per="step"), (0.5, 0.999), DECAY),
    ],
    ids=["sgd", "nesterov", "no momentum", "adam"],
)
@pytest.mark.parametrize("start", [0, 1, 3])
def test_a_restored_one_goes_on_to_the_bit(optim, start):
    """b is not touched in the first step, so that its state may be missing when it is saved."""

    def idle(step, name):
        return name == "b" and step == 0

    whole = Descent(tensors(torch.float32), optim)
    half = Descent(tensors(torch.float32), optim)
    steps(whole, 6, idle=idle, dtype=torch.float32)
    steps(half, start, idle=idle, dtype=torch.float32)
    saved = {name: value.clone() for name, value in half.state().items()}
    copied = {n: t.detach().clone().requires_grad_() for n, t in half.named.items()}
    steps(half, 2, start, idle=idle, dtype=torch.float32)  # what was saved must not move with the original
    again = Descent(copied, optim)
    again.restore(saved)
    steps(again, 6 - start, start, idle, torch.float32)
    assert all(torch.equal(again.named[n], t) for n, t in whole.named.items())
    assert all(torch.equal(again.state()[n], value) for n, value in whole.state().items())
    assert set(again.state()) == set(whole.state())


def test_velocity_is_zero_before_the_first_step():
    descent = Descent(tensors(), Optim("sgd", LR, (MOMENTUM, 0), 0.0))
    assert not any(v.any() for v in descent.velocity())
    steps(descent, 1, idle=lambda step, n: n == "b")
    a, b = descent.velocity()
    assert torch.equal(a, gradient(0, "a"))
    assert not b.any()
