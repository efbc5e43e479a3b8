"""The weight step of sampled paths against plain SGD on a network written out by hand, in float64."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.oracles import chain as oracle

import gapless.methods
from gapless.core import Cosine
from gapless.nets.gate import path
from gapless.spaces.chain import Chain
from gapless.spaces.contract import Shape
from gapless.spaces.darts import Darts
from gapless.spaces.nb201 import Nb201
from gapless.testing.methods import shortened, started

from .mapping import chain_name, weights

EXACT = 1e-10
CHANNELS = 2
CHAIN = Chain(("identity", "k3e1", "k3e2", "k5e2"), widths=(1, 2, 2), strides=(1, 2, 1), head=2)
SHAPE = Shape(CHANNELS, affine=False)
WIDTHS = tuple(CHANNELS * width for width in CHAIN.widths)


def searching(method, tiny=(CHAIN, SHAPE)):
    recipe = shortened(gapless.methods.get(method, "quick"))
    plain = replace(recipe.weights, lr=Cosine(0.1, per="step"), weight_decay=1e-3, clip=0.0)
    return started(replace(recipe, weights=plain), tiny, double=True)


def picks(mix):
    """The option of each layer, None where a layer has not exactly one."""
    options = CHAIN.choices.groups()[0].options
    return [options[int(np.argmax(row))] if row.sum() == 1 else None for row in mix["layers"].active]


def error(a, b):
    return ((a - b).norm() / b.norm().clamp_min(1e-30)).item()


@pytest.mark.parametrize(("method", "count"), [("spos", 1), ("fairnas", 4)])
def test_five_steps_are_plain_sgd_on_the_sum_of_the_paths(method, count):
    run = searching(method)
    w, velocity, touched = weights(run, chain_name), {}, []
    for _ in range(5):
        train, _ = run.batches()
        paths = [picks(mix) for mix in run.paths()]
        assert len(paths) == count
        lr = run.weights.lr(run.progress)
        oracle.step(train, paths, w, velocity, WIDTHS, CHAIN.strides, lr, 0.9, 1e-3)
        run.step()
        touched.append(set(velocity))
        ours = {chain_name(n): p for n, p in run.net.named_parameters()}
        assert max(error(ours[name].detach(), w[name]) for name in w) < EXACT
    if method == "fairnas":
        assert touched[0] == set(w), "one strictly fair step touches every weight"
    else:
        assert touched[0] < set(w)


TINY = {
    "chain": (CHAIN, SHAPE),
    "darts": (Darts(2), Shape(2, 3, affine=False, pool_norm=True)),
    "nb201": (Nb201(), Shape(2, 1, affine=False)),
}


@pytest.mark.parametrize("name", TINY)
def test_the_fair_gradient_is_the_sum_of_single_path_gradients(name):
    """On nb201 an operation from which only ``none`` leads on has no gradient, and stays."""
    run = searching("fairnas", TINY[name])
    train, _ = run.batches()
    mixes = run.paths()
    named = run.weights.named
    total = {}
    for mix in mixes:
        loss = run.loss(run.net(train[0], mix), train[1])
        found = torch.autograd.grad(loss, list(named.values()), allow_unused=True)
        for (n, _), g in zip(named.items(), found, strict=True):
            if g is not None:
                total[n] = total.get(n, 0) + g
    before = {n: w.detach().clone() for n, w in named.items()}
    lr = run.weights.lr(run.progress)
    run.step()
    assert (name == "nb201") or set(total) == set(named)
    for n, w in named.items():
        expected = before[n] - lr * (total[n] + 1e-3 * before[n]) if n in total else before[n]
        assert error(w.detach(), expected) < EXACT, n


@pytest.mark.parametrize("name", TINY)
def test_the_sampled_path_is_the_sub_network(name):
    """Gates of the sampled table compute what the sampled architecture computes."""
    run = searching("spos", TINY[name])
    for _ in range(3):
        (mix,) = run.paths()
        arch = next_arch(run)
        assert all(np.array_equal(mix[n].active, t) for n, t in run.choices.active(arch).items())
        x = run.batches()[0][0]
        assert torch.equal(run.net(x, mix), run.net(x, path(run.choices.active(arch))))
        run.step()


def next_arch(run):
    return run.choices.sample(run.streams.generator("sample"))
