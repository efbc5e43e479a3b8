"""The mixed operation against explicit weighted sums, and drop path."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gapless.data.shape import ImageShape
from gapless.nets.gate import Gate
from gapless.nets.mixed import Mixed, added, dropped, passed, pooled_logits
from gapless.nets.operations import Residual
from gapless.nets.seeded import seeded
from gapless.spaces.contract import Shape
from gapless.spaces.darts import Darts
from gapless.spaces.nb201 import Nb201

ROW, COLUMNS = 1, {"none": 0, "skip": 1, "conv": 3, "pool": 2}


def edge():
    with seeded(0):
        conv, pool = nn.Conv2d(3, 3, 3, padding=1), nn.AvgPool2d(3, 1, 1)
        modules = {"skip": nn.Identity(), "conv": conv, "pool": pool}
        return Mixed(modules, ROW, COLUMNS).double()


def images(n=4):
    return torch.randn(n, 3, 5, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


values = st.lists(st.floats(-2, 2), min_size=8, max_size=8)
switches = st.lists(st.booleans(), min_size=8, max_size=8)


@given(values, switches)
@settings(derandomize=True, deadline=None, max_examples=50)
def test_weighted_sum_of_what_is_active(weights, active):
    net, x = edge(), images()
    table = torch.tensor(weights, dtype=torch.float64).view(2, 4).requires_grad_()
    switch = np.array(active).reshape(2, 4)
    y = net(x, Gate(table, switch))
    terms = {o: table.detach()[ROW, COLUMNS[o]] * net.get_submodule(o)(x)
             for o in ("skip", "conv", "pool") if switch[ROW, COLUMNS[o]]}  # fmt: skip
    if not terms:
        assert y is None
        return
    assert torch.allclose(y, sum(terms.values()), rtol=0, atol=1e-12)
    cotangent = torch.linspace(-1, 1, y.numel(), dtype=torch.float64).view_as(y)
    (grad,) = torch.autograd.grad((y * cotangent).sum(), table)
    wanted = torch.zeros_like(grad)
    for option in terms:
        wanted[ROW, COLUMNS[option]] = (net.get_submodule(option)(x) * cotangent).sum()
    assert torch.allclose(grad, wanted, rtol=0, atol=1e-11)


def test_without_gate_the_plain_sum():
    net, x = edge(), images()
    wanted = x + net.conv(x) + net.pool(x)
    assert torch.allclose(net(x), wanted, rtol=0, atol=1e-12)
    assert torch.allclose(net(x, Gate()), wanted, rtol=0, atol=1e-12)


def test_inactive_operations_are_not_computed():
    net, ran = edge(), []
    net.conv.register_forward_hook(lambda *_: ran.append("conv"))
    net(images(), Gate(active=np.array([[True] * 4, [True, True, True, False]])))
    assert ran == []
    net(images(), Gate(torch.zeros(2, 4)))
    assert ran == ["conv"]


def test_added():
    a, b = torch.ones(2), torch.full((2,), 3.0)
    assert added([]) is None
    assert added([None, None]) is None
    assert added([None, a, None, b]).tolist() == [4.0, 4.0]


def test_pooled_logits_written_out():
    with seeded(0):
        classifier = nn.Linear(3, 2).double()
    x = images()
    wanted = x.mean((2, 3)) @ classifier.weight.T + classifier.bias
    assert torch.allclose(pooled_logits(x, classifier), wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_dropped_statistics(probability):
    """Hoeffding: more than ``sqrt(n ln(2e7) / 2)`` from the mean has probability below 1e-7."""
    n = 20_000
    with seeded(7):
        y = dropped(torch.ones(n, 2, 1, 3, dtype=torch.float64), probability)
    kept = y[:, 0, 0, 0] != 0
    assert torch.equal(y, kept.double().view(n, 1, 1, 1).expand_as(y) / (1 - probability))
    assert abs(int(kept.sum()) - n * (1 - probability)) < math.sqrt(n * math.log(2e7) / 2)


def test_drop_path_spares_identity_evaluation_and_shortcuts():
    always = 1 - 1e-12
    with seeded(0):
        conv = nn.Conv2d(3, 3, 1).double()
        modules = {"skip": nn.Identity(), "conv": conv, "res": Residual(conv)}
        net = Mixed(modules, 0, {option: i for i, option in enumerate(modules)})
    x = images()
    for column, trained in enumerate((x, torch.zeros_like(x), x)):
        gate = Gate(active=np.arange(3)[None] == column)
        with seeded(0):
            assert torch.allclose(net.train()(x, gate, always), trained, atol=1e-12)
        assert torch.equal(net.eval()(x, gate, always), net(x, gate))


def test_drop_path_is_drawn_per_operation():
    net = Mixed({"a": nn.MaxPool2d(1), "b": nn.MaxPool2d(1)}, 0, {"a": 0, "b": 1})
    x = torch.ones(2000, 1, 1, 1)
    with seeded(3):
        y = net(x, None, 0.5).flatten()
    assert sorted(set(y.tolist())) == [0.0, 2.0, 4.0]


def test_an_edge_drops_its_mixture_whole():
    net, x = edge().train(), images(50)
    gate = Gate(torch.linspace(0.1, 0.8, 8, dtype=torch.float64).view(2, 4))
    whole = gate.weight[ROW, 1] * x + gate.weight[ROW, 3] * net.conv(x) + gate.weight[ROW, 2] * net.pool(x)
    with seeded(3):
        y = passed(net, x, gate, 0.4)
    kept = (y != 0).any(3).any(2).any(1)
    assert 0 < kept.sum() < 50
    assert torch.allclose(y, whole * kept.view(50, 1, 1, 1) / 0.6, rtol=0, atol=1e-12)
    assert passed(net, x, Gate(active=np.zeros((2, 4), dtype=bool)), 0.4) is None
    assert torch.allclose(passed(net.eval(), x, gate, 0.4), whole, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("space", "shape"),
    [(Nb201(), Shape(4, 1)), (Darts(2, ("max_pool_3x3", "skip_connect")), Shape(4, 3, pool_norm=True))],
    ids=["nb201", "darts"],
)
def test_cells_drop_mixtures_whole_and_spare_the_identity_alone(space, shape):
    def first(choices, mixed):
        with seeded(0):
            net, seen = space.network(choices, shape, ImageShape(3, 8, 8, 4)).train(), []
            net.cells[0].register_forward_hook(lambda _, given, out: seen.append(out))
            ones = {g.name: Gate(torch.ones(len(g.rows), len(g.options))) for g in choices.groups()}
            net(torch.randn(5, 3, 8, 8), ones if mixed else None, 1 - 1e-12)
        return seen[0]

    every = space.choices
    skips = every.restrict(lambda at, option: option == "skip_connect" or not every.choice(at).leaf)
    assert not first(every, mixed=True).any()
    assert not first(skips, mixed=True).any()
    assert first(skips, mixed=False).any()
