"""Every update rule that is a case of the one formula, against closed forms on bilevel quadratics."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from benchmarks.quadratic import TRAIN, VAL, Quadratic, View
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracles import bilevel as oracle

import gapless.methods
from gapless.core import Linear, Progress
from gapless.core.training import Optim
from gapless.engine.check import conflicts
from gapless.parts.update.bilevel import Bilevel
from gapless.parts.update.formula import Formula
from gapless.parts.update.inverse import Conjugate, Neumann
from gapless.parts.update.matrix import Hessian, Identity
from gapless.parts.update.product import Difference, Exact
from gapless.testing.methods import SPACES

EXACT = 1e-10
N, K = 6, 3
PRODUCTS = {"exact": Exact(), "difference": Difference()}


def drawn(seed, condition=10.0, optim=None):
    """A problem, a point of it, the run view there, and the same numbers for the oracle."""
    problem = Quadratic.drawn(N, K, condition, seed)
    draw = np.random.default_rng(seed)
    w, a = draw.standard_normal(N), draw.standard_normal(K)
    settings = {} if optim is None else {"optim": optim}
    view = View(problem, torch.from_numpy(w), torch.from_numpy(a), **settings)
    return view, samples(problem), w, a


def samples(problem):
    of = {"train": problem.of_train, "val": problem.of_val}
    return {name: (sample.X.numpy(), sample.Z.numpy(), sample.y.numpy()) for name, sample in of.items()}


def near(found, expected):
    assert np.linalg.norm(found.detach().numpy() - expected) < EXACT * np.linalg.norm(expected)


RULES = {
    "first": (Formula(), oracle.first_order),
    "amended": (Formula(c=0.1, matrix=Hessian()), lambda q, w, a: oracle.amended(q, w, a, 0.1)),
    "mixed": (Formula(train=1.0, val=0.7), lambda q, w, a: oracle.mixed_level(q, w, a, 0.7)),
    "one-level": (Formula(train=1.0, val=0.0), oracle.one_level),
    "implicit": (Formula(c=1.0, matrix=Conjugate(2 * N)), oracle.implicit),
    "damped": (
        Formula(c=1.0, matrix=Conjugate(2 * N, damping=0.3)),
        lambda q, w, a: oracle.implicit(q, w, a, damping=0.3),
    ),
    "neumann": (
        Formula(c=1.0, matrix=Neumann(7, step=0.4)),
        lambda q, w, a: oracle.neumann(q, w, a, terms=7, step=0.4),
    ),
    "schedule": (
        Formula(c=Linear(0.2, 0.6), matrix=Hessian()),
        lambda q, w, a: oracle.amended(q, w, a, 0.3),
    ),
}


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("name", RULES)
@settings(derandomize=True, deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**31))
def test_at_the_weights(name, product, seed):
    rule, expected = RULES[name]
    view, q, w, a = drawn(seed)
    view.progress = Progress(step=1, steps=4)
    near(view.gradient(replace(rule, product=PRODUCTS[product])), expected(q, w, a))


@pytest.mark.parametrize("product", PRODUCTS)
@settings(derandomize=True, deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**31), xi=st.floats(0.01, 1.0))
def test_one_step_ahead(product, seed, xi):
    optim = Optim("sgd", xi, (0.0, 0.0), 0.0)
    view, q, w, a = drawn(seed, optim=optim)
    at = {"c": "lr", "point": "ahead", "product": PRODUCTS[product]}
    near(view.gradient(Formula(**at)), oracle.second_order(q, w, a, xi))
    near(view.gradient(Formula(train=1.0, val=0.7, **at)), oracle.mixed_level_second(q, w, a, 0.7, xi))


def test_the_virtual_step_has_momentum_and_decay():
    optim = Optim("sgd", 0.2, (0.9, 0.0), 0.05)
    view, q, w, a = drawn(3, optim=optim)
    velocity = np.random.default_rng(4).standard_normal(N)
    for name, tensor in view.weights.named.items():
        part = velocity[:2] if name == "first" else velocity[2:]
        view.weights._torch.state[tensor]["momentum_buffer"] = torch.from_numpy(part.copy())
    expected = oracle.second_order(q, w, a, 0.2, momentum=0.9, velocity=velocity, decay=0.05)
    near(view.gradient(Bilevel(2, "exact")), expected)
    near(view.gradient(Bilevel(2)), expected)
    plain = oracle.second_order(q, w, a, 0.2)
    assert np.linalg.norm(plain - expected) > 1e-2 * np.linalg.norm(expected), "momentum would not be seen"


@pytest.mark.parametrize("condition", [2.0, 100.0, 1e4])
def test_the_implicit_gradient_is_the_derivative_at_the_minimum(condition):
    """Of L_val(w*(a), a), by central differences of the closed form as well."""
    problem = Quadratic.drawn(N, K, condition, 5)
    a = torch.linspace(-1, 1, K, dtype=torch.float64)
    q = samples(problem)
    view = View(problem, problem.minimum(a), a)
    rule = Formula(c=1.0, matrix=Conjugate(6 * N), product=Exact())
    near(view.gradient(rule), problem.implicit(a).numpy())
    steps = 1e-3 * np.eye(K)
    slope = [(oracle.outer(q, a.numpy() + h) - oracle.outer(q, a.numpy() - h)) / 2e-3 for h in steps]
    np.testing.assert_allclose(problem.implicit(a).numpy(), slope, rtol=1e-7)


def test_the_rules_differ():
    view, *_ = drawn(6)
    rules = [rule for rule, _ in RULES.values()]
    rules += [Formula(c="lr", point="ahead"), Formula(c="lr"), Formula(c=1.0, matrix=Identity(), val=2.0)]
    found = torch.stack([view.gradient(rule) for rule in rules])
    apart = torch.cdist(found, found) + torch.eye(len(rules), dtype=found.dtype)
    assert apart.min() > 1e-3


def test_neumann_tends_to_the_inverse():
    view, q, w, a = drawn(7, condition=4.0)
    exact = oracle.implicit(q, w, a)
    errors = []
    for terms in (5, 20, 200):
        found = view.gradient(Formula(c=1.0, matrix=Neumann(terms, step=1.0), product=Exact()))
        errors.append(np.linalg.norm(found.numpy() - exact) / np.linalg.norm(exact))
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < EXACT


def test_conjugate_gradients_stop_where_the_curvature_is_not_positive():
    """On diag(1, -1) the first direction (1, 1) has no curvature, the direction (2, 1) has."""

    def times(v):
        return [v[0] * torch.tensor([1.0, -1.0])]

    (found,) = Conjugate(5)(times, [torch.tensor([1.0, 1.0])])
    assert torch.equal(found, torch.zeros(2))
    (found,) = Conjugate(5)(times, [torch.tensor([2.0, 1.0])])
    assert torch.isfinite(found).all()
    assert found @ torch.tensor([2.0, 1.0]) > 0
    (found,) = Conjugate(5)(times, [torch.zeros(2)])
    assert torch.equal(found, torch.zeros(2))


def test_a_step_moves_alpha_and_then_the_weights():
    view, q, w, a = drawn(8, optim=Optim("sgd", 0.3, (0.0, 0.0), 0.0))
    Formula(c=0.1, matrix=Hessian(), product=Exact()).step(view, TRAIN, VAL)
    moved = a - 0.1 * oracle.amended(q, w, a, 0.1)
    near(view.alpha["a"].flatten(), moved)
    there = torch.cat([view.net.first, view.net.rest])
    near(there, w - 0.3 * oracle.train_w(q, w, moved))


def test_what_does_not_go_together_is_said():
    recipe = gapless.methods.get("darts", "quick")

    def lines(rule, **changes):
        stage = replace(recipe.stages[0], update=rule)
        return conflicts(replace(recipe, stages=(stage,), **changes), SPACES[0][0])

    assert lines(Formula()) == []
    (line,) = lines(Formula(c="lr", point="ahead"), weights=Optim("adam", 1e-3))
    assert "'sgd'" in line
    assert "'adam'" in line
    (line,) = lines(Formula(val=0.0))
    assert "both 0" in line
