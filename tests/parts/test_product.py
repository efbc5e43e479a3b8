"""Products with second derivatives against torch.autograd.functional, on losses that are no quadratics."""

import pytest
import torch
from benchmarks.quadratic import TRAIN, View
from torch.autograd import functional

from gapless.parts.update.product import Difference, Exact, dot

N, K = 5, 3


class Smooth:
    """Losses with derivatives of every order, and an alpha that multiplies and saturates."""

    def __init__(self, seed):
        draw = torch.Generator().manual_seed(seed)
        self.A = torch.randn(7, N, generator=draw, dtype=torch.float64)
        self.C = torch.randn(7, K, generator=draw, dtype=torch.float64)

    def train(self, w, a):
        return (
            torch.tanh(self.A @ w) * torch.sigmoid(self.C @ a)
        ).square().sum() + w.square().sum().exp() / 9

    def val(self, w, a):
        return torch.tanh(self.A @ w + self.C @ a).sum()


def drawn(seed):
    draw = torch.Generator().manual_seed(100 + seed)
    w, a, v = (torch.randn(n, generator=draw, dtype=torch.float64) / 2 for n in (N, K, N))
    problem = Smooth(seed)
    view = View(problem, w, a)
    (_, across), (_, _) = functional.hessian(problem.train, (w, a))
    hessian = functional.hvp(lambda x: problem.train(x, a), w, v)[1]
    return view, [v[:2], v[2:]], hessian, across.T @ v


def error(found, expected):
    return ((torch.cat([f.flatten() for f in found]) - expected).norm() / expected.norm()).item()


@pytest.mark.parametrize("seed", range(5))
def test_exact(seed):
    view, v, hessian, across = drawn(seed)
    assert error(Exact().hessian(view, TRAIN, v), hessian) < 1e-10
    assert error(Exact().mixed(view, TRAIN, v), across) < 1e-10


@pytest.mark.parametrize("seed", range(5))
def test_differences_tend_to_it_by_the_square_of_the_radius(seed):
    view, v, hessian, across = drawn(seed)
    for name, expected in (("hessian", hessian), ("mixed", across)):
        far, near = (error(getattr(Difference(r), name)(view, TRAIN, v), expected) for r in (3e-3, 1e-3))
        assert 0 < near < 1e-4
        assert far / near == pytest.approx(9, rel=0.05)


def test_the_radius_is_a_length():
    """A longer vector is followed no farther: the product is linear to the same accuracy."""
    view, v, hessian, _ = drawn(1)
    once = error(Difference().hessian(view, TRAIN, v), hessian)
    more = error(Difference().hessian(view, TRAIN, [1e3 * part for part in v]), 1e3 * hessian)
    assert more == pytest.approx(once, rel=1e-3)


def test_nothing_is_left_behind():
    view, v, *_ = drawn(2)
    before = [w.detach().clone() for w in view.weights.tensors]
    for product in (Exact(), Difference()):
        product.hessian(view, TRAIN, v)
        product.mixed(view, TRAIN, v)
    assert all(torch.equal(w, b) for w, b in zip(view.weights.tensors, before, strict=True))
    assert all(w.grad is None for w in (*view.weights.tensors, *view.alpha.values()))


def test_a_loss_that_alpha_is_not_in():
    class Deaf(Smooth):
        def train(self, w, a):
            return w.square().sum() ** 2

    view = View(Deaf(0), torch.ones(N, dtype=torch.float64), torch.ones(K, dtype=torch.float64))
    v = [torch.ones(2, dtype=torch.float64), torch.ones(N - 2, dtype=torch.float64)]
    assert Exact().mixed(view, TRAIN, v) == [None]
    assert Difference().mixed(view, TRAIN, v) == [None]


def test_inner_product():
    a, b = (
        [torch.tensor([1.0, 2.0]), torch.tensor([[3.0]])],
        [torch.tensor([4.0, 5.0]), torch.tensor([[6.0]])],
    )
    assert dot(a, b).item() == 32
