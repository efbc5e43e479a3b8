"""Scores of a whole set against scores one at a time: values, calls, memory, and what is left alone."""

import math
import weakref
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from gapless import data as datasets
from gapless.core import Arch
from gapless.core.errors import BadValue
from gapless.data.shape import ImageShape
from gapless.evaluate import prefix
from gapless.nets import operations
from gapless.nets.gate import onehot
from gapless.spaces.chain import Chain
from gapless.spaces.contract import Chained, Shape

from .chains import FOUR, QUICK, SHAPE, numbers, one_by_one, supernet, together

ALL = list(FOUR.choices)
KEEP = replace(QUICK, recalibrate=False)


@pytest.fixture(scope="module")
def digits():
    return datasets.get("digits", limit=120)


@pytest.fixture(scope="module")
def net(digits):
    return supernet(FOUR, SHAPE, digits)


@pytest.fixture(scope="module")
def whole(net, digits):
    """The records of all architectures, scored together."""
    return dict(zip(ALL, numbers(together(net, ALL, digits)), strict=True))


def random_archs(space, n, seed=0):
    rng = np.random.default_rng(seed)
    return [space.choices.sample(rng) for _ in range(n)]


def agree(one, many, tolerance):
    assert [r.arch for r in many] == [r.arch for r in one]
    assert [r.cost for r in many] == [r.cost for r in one]
    assert [r.metrics["n"] for r in many] == [r.metrics["n"] for r in one]
    assert [r.metrics["accuracy"] for r in many] == [r.metrics["accuracy"] for r in one]
    assert max(abs(a.metrics["loss"] - b.metrics["loss"]) for a, b in zip(one, many, strict=True)) < tolerance


# -- values -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("evaluator", [QUICK, KEEP], ids=["recalibrated", "kept"])
@pytest.mark.parametrize("affine", [False, True])
def test_all_of_a_space_in_double(evaluator, affine, digits):
    shape = Shape(2, affine=affine)
    net = supernet(FOUR, shape, digits, torch.float64)
    archs = ALL if evaluator is QUICK and not affine else ALL[::4]
    one = one_by_one(net, archs, digits, evaluator, shape=shape)
    agree(one, together(net, archs, digits, evaluator, shape=shape), 1e-10)
    assert len({r.metrics["loss"] for r in one}) == len(archs), "the architectures differ"


@pytest.mark.parametrize("evaluator", [QUICK, KEEP], ids=["recalibrated", "kept"])
def test_single_precision_ranks_alike(evaluator, net, digits):
    archs = random_archs(FOUR, 12)
    one, many = one_by_one(net, archs, digits, evaluator), together(net, archs, digits, evaluator)
    agree(one, many, 1e-5)
    ranked = [sorted(archs, key=lambda a: (key[a], a)) for key in (
        {r.arch: r.metrics["accuracy"] for r in records} for records in (one, many)
    )]  # fmt: skip
    assert ranked[0] == ranked[1]


def test_channels_that_multiply_as_matrices(digits):
    """From `folded.DEEP` channels on, pointwise convolutions are matrix products."""
    space, shape = Chain(("k3e2", "identity"), widths=(1, 2), strides=(1, 2), head=2), Shape(32)
    for dtype, tolerance in ((torch.float64, 1e-10), (torch.float32, 1e-5)):
        net = supernet(space, shape, digits, dtype)
        archs = list(space.choices)
        one = one_by_one(net, archs, digits, space=space, shape=shape)
        agree(one, together(net, archs, digits, space=space, shape=shape), tolerance)


@pytest.mark.parametrize("held", [1, 40_000])
def test_how_many_batches_go_down_together_does_not_matter(held, digits, monkeypatch):
    net, archs = supernet(FOUR, SHAPE, digits, torch.float64), ALL[::9]
    one = together(net, archs, digits)
    monkeypatch.setattr(prefix, "HELD", held)
    agree(one, together(net, archs, digits), 1e-12)


# -- an architecture's numbers are its own --------------------------------------------------------------


@settings(derandomize=True, deadline=None, max_examples=25)
@given(st.lists(st.integers(0, len(ALL) - 1), min_size=1, max_size=9))
def test_any_set_gives_the_same_bits(whole, net, digits, picked):
    """Sets of one, repeated architectures and any order among them."""
    archs = [ALL[i] for i in picked]
    assert numbers(together(net, archs, digits)) == [whole[arch] for arch in archs]


def test_parts_of_a_large_set_give_the_same_bits(whole, net, digits, monkeypatch):
    monkeypatch.setattr(prefix, "TOGETHER", 7)
    archs = ALL[::3]
    assert numbers(together(net, archs, digits)) == [whole[arch] for arch in archs]


def test_no_architecture_no_record(net, digits):
    assert together(net, [], digits) == []


def test_seconds_are_equal_shares(net, digits):
    records = together(net, [ALL[0], ALL[5], ALL[0]], digits)
    assert len({r.seconds for r in records}) == 1
    assert 0 < records[0].seconds < 10


# -- operations of one's own ----------------------------------------------------------------------------


class WritesIntoItsInput(nn.Module):
    def forward(self, x):
        return functional.relu_(x) - 0.1


class Swapped(nn.Sequential):
    """Runs backwards: its children do not say what it computes."""

    def forward(self, x):
        for module in reversed(list(self)):
            x = module(x)
        return x


def conv(c_in, c_out, stride, kernel=3, **kind):
    return nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, **kind)


OWN = {
    "normalised pool": lambda i, o, s, a: nn.Sequential(
        nn.AvgPool2d(3, s, 1), nn.BatchNorm2d(i, affine=a), conv(i, o, 1, 1), nn.Tanh()
    ),
    "ReLU first": operations.relu_conv_norm(3),
    "factorized": lambda i, o, s, a: operations.skip(i, o, s, a) if s == 2 else conv(i, o, s),
    "separable": operations.separable(3),
    "with a bias": lambda i, o, s, a: nn.Sequential(
        conv(i, o, s, bias=True), nn.BatchNorm2d(o, eps=0.1, momentum=None), nn.ReLU(inplace=True)
    ),
    "reflecting": lambda i, o, s, a: nn.Sequential(
        conv(i, o, s, padding_mode="reflect"), nn.BatchNorm2d(o), nn.ReLU()
    ),
    "writes into its input": lambda i, o, s, a: nn.Sequential(WritesIntoItsInput(), conv(i, o, s)),
    "in place": lambda i, o, s, a: nn.Sequential(nn.ReLU6(inplace=True), conv(i, o, s), nn.BatchNorm2d(o)),
    "batch statistics always": lambda i, o, s, a: nn.Sequential(
        conv(i, o, s), nn.BatchNorm2d(o, track_running_stats=False), nn.ReLU()
    ),
    "backwards": lambda i, o, s, a: Swapped(nn.BatchNorm2d(o), conv(i, o, s)),
    "no norm, no parameters": lambda i, o, s, a: operations.identity_or_projection(i, o, s, a)
    if s == 2 or i != o
    else nn.MaxPool2d(3, 1, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", OWN)
def test_an_operation_of_ones_own(name, digits):
    space = Chain(("identity", "own", "k3e1"), (1, 1, 2), (1, 1, 2), head=2, own={"own": OWN[name]})
    shape = Shape(2)
    net = supernet(space, shape, digits, torch.float64)
    archs = [a for a in space.choices if "own" in space.text(a)][::2]
    for evaluator in (QUICK, KEEP):
        # with statistics of the batch in evaluation, batches have to be the same
        one = one_by_one(net, archs, digits, evaluator, space, shape)
        agree(one, together(net, archs, digits, evaluator, space, shape), 1e-10)


# -- work and memory --------------------------------------------------------------------------------------


class Watched(nn.Module):
    """Doubles its input; keeps count of calls and of outputs that are alive, for all copies together."""

    calls = 0
    alive: ClassVar = weakref.WeakSet()
    most = 0

    def forward(self, x):
        y = 2 * x
        if len(x) > 1:  # not the one that measures costs
            kind = type(self)
            kind.calls += 1
            kind.alive.add(y)
            kind.most = max(kind.most, len(kind.alive))
        return y


def test_every_beginning_once_and_one_path_in_memory(digits):
    depth, own = 5, {f"o{i}": lambda *_: Watched() for i in range(3)}
    space = Chain(tuple(own), widths=(1,) * depth, strides=(1,) * depth, head=1, own=own)
    net = supernet(space, Shape(1), digits)
    Watched.calls, Watched.most = 0, 0
    together(net, list(space.choices), digits, space=space, shape=Shape(1))
    batches = QUICK.batches + math.ceil(digits.size("val") / QUICK.batch)
    assert Watched.calls == batches * sum(3**level for level in range(1, depth + 1))
    assert Watched.most <= (depth + 1) * max(QUICK.batches, batches - QUICK.batches)


def test_progress_rises_to_one(net, digits):
    told = []
    together(net, ALL[:7], digits, progress=told.append)
    assert told == sorted(set(told))
    assert 0 < told[0] < 1
    assert told[-1] == pytest.approx(1, abs=1e-12)


# -- what is left alone -----------------------------------------------------------------------------------


def test_the_super_network_and_the_world_are_left_alone(net, digits):
    net.train()
    net.layers[1].eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    named = dict(net.named_parameters()) | dict(net.named_buffers())
    modes, state = [m.training for m in net.modules()], torch.get_rng_state()
    one, other = (together(net, ALL[:5], digits) for _ in range(2))
    assert numbers(one) == numbers(other)
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert all(value is named[name] for name, value in net.named_parameters())
    assert all(value.stride() == named[name].stride() for name, value in net.named_parameters())
    assert [m.training for m in net.modules()] == modes
    assert all(p.requires_grad and p.grad is None for p in net.parameters())
    assert not any(m._forward_hooks for m in net.modules())
    assert torch.equal(torch.get_rng_state(), state), "torch's global random numbers moved"
    assert torch.is_grad_enabled()


# -- who gets it ------------------------------------------------------------------------------------------


def test_links_are_the_network(net, digits):
    x = next(digits.ordered("val", 5, "cpu"))[0]
    net.eval()
    links = net.links()
    y = links.stem(x)
    for choice, options in links.layers.items():
        y = options[ALL[50].option(choice)](y)
    assert torch.equal(links.tail(y), net(x, onehot(FOUR.choices, ALL[50])))
    assert list(links.layers) == [choice.name for choice in FOUR.choices.choices]


def test_whatever_has_links_is_a_chain(net, digits, whole):
    class Other(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = net

        def links(self):
            return net.links()

    assert isinstance(net, Chained)
    assert not isinstance(nn.Identity(), Chained)
    assert numbers(together(Other(), ALL[:3], digits)) == [whole[arch] for arch in ALL[:3]]


@pytest.mark.parametrize("arch", [Arch.of({"op": "a"}), Arch.of({f"layer{i}": "k7e7" for i in range(4)})])
def test_refuses_an_architecture_of_another_space(arch, net, digits):
    with pytest.raises(BadValue, match=r"expected .*; got .*; "):
        together(net, [ALL[0], arch], digits)


def test_refuses_an_option_that_the_network_lost(digits):
    smaller = FOUR.choices.restrict(lambda path, option: path != ("layer2",) or option != "k3e2")
    net = FOUR.network(smaller, SHAPE, digits.shape)
    lost = Arch.of({f"layer{i}": "k3e2" for i in range(4)})
    with pytest.raises(BadValue, match="k5e3; got 'k3e2'"):
        together(net, [lost], digits)


def test_refuses_no_images(net):
    with pytest.raises(BadValue, match="expected at least one image"):
        prefix.scored(net.links(), [("k3e2",) * 4], ImageShape(1, 8, 8, 10), None, lambda: ())
