"""DARTS, both orders, against the oracle: network, gradients and steps, to rounding and to the bit."""

from dataclasses import replace

import pytest
import torch
from tests.oracles import darts as oracle

import gapless.methods
from gapless.nets.fast import plain
from gapless.nets.statistics import still
from gapless.parts.update.bilevel import Bilevel
from gapless.spaces.contract import Shape
from gapless.spaces.darts import Darts
from gapless.testing.methods import SPACES, shortened, started

from .mapping import cell_name, weights

EXACT = 1e-10
CELLS = 3


def searching(order=1, nodes=2, double=True, cells=CELLS):
    """A real search, and the oracle with copies of its weights and alpha."""
    recipe = shortened(gapless.methods.get("darts", "quick"))
    stage = replace(recipe.stages[0], update=Bilevel(order))
    recipe = replace(recipe, stages=(stage,), weights=replace(recipe.weights, clip=0.5))  # a bound that binds
    run = started(recipe, (Darts(nodes), Shape(4, cells, affine=False, pool_norm=True)), double=double)
    draw = torch.Generator().manual_seed(1)
    for table in run.alpha.values():
        table.data += 0.3 * torch.randn(table.shape, generator=draw, dtype=torch.float64).to(table.dtype)
    w, alpha = recipe.weights, recipe.alphas
    search = oracle.Search(
        weights(run, cell_name), {n: v.detach().clone() for n, v in run.alpha.items()}, cells, nodes,
        momentum=w.betas[0], decay=w.weight_decay, bound=w.clip, radius=0.01,
        alpha_lr=alpha.lr, betas=alpha.betas, alpha_decay=alpha.weight_decay,
    )  # fmt: skip
    return run, search


def both_step(run, search, order, steps):
    for _ in range(steps):
        train, val = run.batches()
        search.step(train, val, run.weights.lr(run.progress), order)
        run.step()
        if run.epoch_ended:
            run.end_epoch()
        if run.finished:
            return


def error(a, b):
    return ((a - b).norm() / b.norm()).item()


def worst(ours, theirs):
    assert set(ours) == set(theirs)
    return max(error(ours[name].detach(), theirs[name]) for name in theirs)


def gradient(run, train, val, rule=None):
    with still(run.net):
        found, _ = (rule or run.stage.update).gradient(run, train, val)
    return dict(zip(run.alpha, found, strict=True))


@pytest.mark.parametrize(
    ("nodes", "cells"),
    [(2, 3), pytest.param(4, 3, marks=pytest.mark.slow), pytest.param(2, 8, marks=pytest.mark.slow)],
)
def test_the_network_is_the_published_one(nodes, cells):
    run, search = searching(nodes=nodes, cells=cells)
    if cells == 8:
        (x, y), _ = run.batches()
        batch = torch.nn.functional.interpolate(x, scale_factor=2), y
    else:
        batch, _ = run.batches()
    ours = run.net(batch[0], run.mix())
    w, alpha = oracle.movable(search.w), oracle.movable(search.alpha)
    theirs = oracle.logits(batch[0], w, alpha, cells, nodes)
    assert error(ours, theirs) < EXACT
    run.loss(ours, batch[1]).backward()
    by_w = search.slope(batch, w, alpha, w)
    assert worst({cell_name(n): p.grad for n, p in run.net.named_parameters()}, by_w) < 1e-8
    assert worst({n: a.grad for n, a in run.alpha.items()}, search.slope(batch, w, alpha, alpha)) < EXACT


@pytest.mark.parametrize("order", [1, 2])
def test_the_gradient_of_alpha(order):
    run, search = searching(order)
    both_step(run, search, order, 2)  # so that momentum is there
    train, val = run.batches()
    xi = run.weights.lr(run.progress)
    expected = search.first_order(val) if order == 1 else search.second_order(train, val, xi)
    assert worst(gradient(run, train, val), expected) < EXACT


@pytest.mark.parametrize("order", [1, 2])
def test_five_steps_to_rounding(order):
    run, search = searching(order)
    both_step(run, search, order, 5)
    assert worst(run.alpha, search.alpha) < EXACT
    assert worst({cell_name(n): w for n, w in run.net.named_parameters()}, search.w) < EXACT
    assert all(table.grad is None for table in run.alpha.values()), (
        "the weight step has no gradient for alpha"
    )


@pytest.fixture
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_five_steps_to_the_bit(one_thread):
    run, search = searching(double=False)
    with plain():
        both_step(run, search, 1, 5)
    ours = {cell_name(n): w for n, w in run.net.named_parameters()}
    assert [n for n in search.alpha if not torch.equal(run.alpha[n], search.alpha[n])] == []
    assert [n for n in search.w if not torch.equal(ours[n], search.w[n])] == []


def stepped(steps=2):
    """A first-order search that has momentum, its oracle, its next batches and xi."""
    run, search = searching()
    both_step(run, search, 1, steps)
    return run, search, *run.batches(), run.weights.lr(run.progress)


def test_exact_product_is_differentiation_through_the_virtual_step():
    run, search, train, val, xi = stepped()
    expected = search.through_the_step(train, val, xi)
    assert worst(gradient(run, train, val, Bilevel(2, "exact")), expected) < EXACT
    near = gradient(run, train, val, Bilevel(2, radius=1e-6))  # so near that no ReLU changes side
    assert worst(near, expected) < 1e-7
    assert worst(search.first_order(val), expected) > 1e-3, "the orders are too close to be told apart"


def test_the_finite_difference_tends_to_the_exact_product():
    """A third of the half-width, a ninth of the error, on a network that is smooth.

    With ReLUs it is not so: every unit that changes side between the two points adds a jump, however near
    they are.
    """
    recipe = shortened(gapless.methods.get("darts", "quick"))
    run = started(recipe, SPACES[0], double=True)
    for module in list(run.net.modules()):
        for name, child in module.named_children():
            if isinstance(child, torch.nn.ReLU6):
                setattr(module, name, torch.nn.SiLU())
    run.step()
    train, val = run.batches()
    exact = gradient(run, train, val, Bilevel(2, "exact"))
    errors = [worst(gradient(run, train, val, Bilevel(2, radius=r)), exact) for r in (9e-3, 3e-3, 1e-3)]
    assert worst(gradient(run, train, val, Bilevel(1)), exact) > 10 * errors[0] > 0
    assert errors[0] / errors[1] == pytest.approx(9, rel=0.1)
    assert errors[1] / errors[2] == pytest.approx(9, rel=0.1)
