"""The implicit gradient: where it is known, by brute force, and where there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from benchmarks.quadratic import TRAIN, VAL, Quadratic, View
from torch import nn

import gapless.data
import gapless.methods
import gapless.spaces
from gapless.core import Cosine, Streams
from gapless.core.training import Optim
from gapless.engine.run import Run
from gapless.measure.bench import Bench
from gapless.measure.implicit import PRODUCT, conjugate, implicit
from gapless.measure.mathematical import RULES, asked, error, mathematical
from gapless.nn import Choose
from gapless.parts.update.product import Exact


class Known(View):
    """A quadratic with what `implicit` reads of a bench."""

    train, val, decay = TRAIN, VAL, 0.0

    @property
    def parameters(self):
        return list(self.weights.named.values())


@pytest.mark.parametrize("condition", [2, 100])
def test_the_known_answer_of_a_quadratic(condition):
    problem = Quadratic.drawn(12, 5, condition, 0)
    a = torch.linspace(-1, 1, 5, dtype=torch.float64)
    bench = Known(problem, problem.minimum(a), a)
    found = implicit(bench, steps=200, to=1e-10)
    assert found.damping == 0
    assert found.tried == ()
    assert error(found.gradient, problem.implicit(a))["error"] < 1e-6
    first = error(found.direct, problem.implicit(a))["error"]
    assert first > 0.01, "the second term matters here"


def test_conjugate_gradients_solve_and_see_negative_curvature():
    matrix = torch.diag(torch.tensor([1.0, 2.0, 5.0], dtype=torch.float64))
    v = [torch.tensor([1.0, 1.0, 1.0], dtype=torch.float64)]
    solved = conjugate(lambda p: [matrix @ p[0]], v, 0.5, 10, 1e-12)
    assert torch.allclose(solved.found[0], 1 / torch.tensor([1.5, 2.5, 5.5], dtype=torch.float64))
    assert solved.products == 3
    assert solved.negative == 0
    solved = conjugate(lambda p: [-matrix @ p[0]], v, 0.0, 10, 1e-12)
    assert solved.negative == pytest.approx(-8 / 3)
    assert solved.residual == 1


def smooth():
    """A small network whose every operation has all derivatives."""
    stem = nn.Sequential(nn.Conv2d(1, 4, 3, stride=2), nn.Tanh())
    options = {
        "a": nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.Tanh()),
        "b": nn.Sequential(nn.Conv2d(4, 4, 1), nn.Tanh()),
        "c": nn.Identity(),
    }
    return nn.Sequential(stem, Choose(**options), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 10))


@pytest.fixture(scope="module")
def run():
    space = gapless.spaces.from_module(smooth)
    recipe = gapless.methods.get("darts", "quick").scaled(1)
    recipe = replace(recipe, weights=Optim("sgd", 0.1, (0.9, 0.0), weight_decay=0.03))
    data = gapless.data.get("digits", limit=120)
    made = Run(recipe, space, space.presets["quick"].search, data, Streams(0), torch.device("cpu"))
    for table in made.alpha.values():
        table.data += torch.tensor([[0.8, -0.3, 0.1]])[:, : table.shape[1]]
    return made


def lost(bench):
    x, y = bench.val
    with torch.no_grad():
        return bench.loss(bench.forward(x, bench.mix()), y).item()


def test_brute_force_agrees(run):
    """Trained to the minimum for alpha +- delta, the validation loss changes as g* says."""
    bench = Bench(run, 32)
    left, _ = bench.converge(600, 1e-7)
    assert left < 1e-5
    found = implicit(bench, steps=400, to=1e-8)
    assert found.damping == 0
    way, step = found.gradient / found.gradient.norm(), 1e-2
    (alpha,) = bench.alpha.values()
    start = [w.detach().clone() for w in bench.parameters]
    sides = []
    for sign in (1, -1):
        with torch.no_grad():
            alpha += sign * step * way.view_as(alpha)
            for w, old in zip(bench.parameters, start, strict=True):
                w.copy_(old)
        bench.converge(600, 1e-6)
        sides.append(lost(bench))
        with torch.no_grad():
            alpha -= sign * step * way.view_as(alpha)
    slope = (sides[0] - sides[1]) / (2 * step)
    assert slope == pytest.approx(found.gradient.norm().item(), rel=0.02)
    assert error(found.direct, found.gradient)["error"] > 0.05, "the second term matters here"


def test_differences_are_as_good_as_automatic_differentiation(run):
    bench = Bench(run, 16)
    draw = torch.Generator().manual_seed(0)
    v = [torch.randn(w.shape, generator=draw, dtype=torch.float64) for w in bench.parameters]
    for name in ("hessian", "mixed"):
        ours, exact = (getattr(product, name)(bench, bench.train, v) for product in (PRODUCT, Exact()))
        for a, b in zip(ours, exact, strict=True):
            assert torch.allclose(a, b, rtol=1e-6, atol=1e-7)


def test_the_search_stays_as_it_was_and_every_rule_is_compared(run):
    before = {name: tensor.clone() for name, tensor in run.net.state_dict().items()}
    found = mathematical(run, images=16, evaluations=60, products=40)
    assert all(torch.equal(tensor, before[name]) for name, tensor in run.net.state_dict().items())
    rows = {row["rule"]: row for row in found["rules"]}
    assert rows["own"] == {**rows["first order"], "rule": "own"}
    assert rows["one-level"]["converged"]["cosine"] < rows["first order"]["converged"]["cosine"]
    assert found["reference"]["residual"] < 1e-3


def test_second_order_is_asked_with_the_first_steps_learning_rate_too(run):
    """At the end of a cosine to 0 second order is first order; with a constant rate both rows are one."""
    late = "second order, first step's learning rate"
    ended, progress = Bench(run, 16), run.progress
    ended.progress = replace(progress, step=progress.steps, epoch=progress.epochs)
    for lr, same in ((Cosine(0.5), "first order"), (0.5, late)):
        ended.weights.optim = replace(ended.weights.optim, lr=lr)
        found = {name: asked(ended, RULES[name]) for name in ("first order", "second order", late)}
        assert torch.equal(found["second order"], found[same])
        assert not torch.allclose(found[late], found["first order"], rtol=1e-3)
        assert ended.weights.optim.lr == lr


def test_without_alpha_there_is_nothing_to_compare():
    space = gapless.spaces.get("nb201")
    recipe, data = gapless.methods.get("spos", "quick").scaled(1), gapless.data.get("digits", limit=60)
    made = Run(
        recipe,
        space,
        replace(space.presets["quick"].search, channels=4, depth=1),
        data,
        Streams(0),
        torch.device("cpu"),
    )
    assert "no alpha" in mathematical(made)["missing"]
