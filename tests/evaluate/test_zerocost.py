"""Zero-cost scores against the equations, and networks left as they were."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracles import zerocost as oracle
from torch import nn
from torch.nn import functional

import gapless
import gapless.data
import gapless.spaces
from gapless import evaluate
from gapless.core import Arch, Streams
from gapless.core.errors import BadValue, UnknownName
from gapless.data import ImageShape
from gapless.evaluate import zerocost
from gapless.evaluate.contract import Setting
from gapless.evaluate.zerocost.evaluator import ZeroCost, standing
from gapless.evaluate.zerocost.expressivity import blocks, entropy
from gapless.nets.cost import count
from gapless.nets.seeded import seeded
from gapless.spaces.contract import Shape, subnet

DRAWN = ("grad-norm", "snip", "grasp", "fisher", "jacob-cov", "naswot", "synflow", "expressivity")


class Net(nn.Module):
    """The network of the oracle, in modules."""

    def __init__(self, inplace=False, modules=True):
        super().__init__()
        self.conv1, self.norm = nn.Conv2d(2, 3, 3, padding=1, bias=False), nn.BatchNorm2d(3)
        self.conv2, self.linear = nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.Linear(4, 3)
        self.relu = nn.ReLU(inplace) if modules else functional.relu

    def forward(self, x, mix=None):
        x = self.relu(self.norm(self.conv1(x)))
        x = self.relu(self.conv2(x))
        return self.linear(functional.adaptive_avg_pool2d(x, 1).flatten(1))

    def values(self):
        return {
            "w1": self.conv1.weight.detach(), "w2": self.conv2.weight.detach(),
            "w3": self.linear.weight.detach(), "b3": self.linear.bias.detach(),
        }  # fmt: skip


def posed(**settings):
    with seeded(3):
        net = Net(**settings).double()
        x, y = torch.randn(5, 2, 4, 4, dtype=torch.float64), torch.randint(3, (5,))
    return net, x, y


@pytest.mark.parametrize("name", DRAWN)
def test_scores_are_the_equations(name):
    net, x, y = posed()
    expected = getattr(oracle, name.replace("-", "_"))(net.values(), x, y)
    assert zerocost.get(name)(net, x, y, 0) == pytest.approx(expected, rel=1e-10)


def test_zen_is_the_equation():
    net, x, y = posed()
    draws = []
    with seeded(7):
        for _ in range(8):
            p = {name: torch.empty_like(value).normal_() for name, value in list(net.values().items())[:3]}
            p["b3"] = torch.zeros_like(net.linear.bias)
            draws.append((p, *(torch.randn(16, 2, 4, 4, dtype=torch.float64) for _ in range(2))))
    assert zerocost.get("zen")(net, x, y, 7) == pytest.approx(oracle.zen(draws), rel=1e-10)
    with pytest.raises(BadValue, match="repeats of at least 1"):
        zerocost.get("zen")(net, x, y, 7, repeats=0)


def test_zen_refuses_what_has_no_pooling():
    with pytest.raises(BadValue, match="global average pooling"):
        zerocost.get("zen")(nn.Sequential(nn.Flatten(), nn.Linear(32, 3)).double(), *posed()[1:], 0)


@pytest.mark.parametrize("name", zerocost.names())
def test_how_relus_are_called_does_not_matter(name):
    usual, x, y = posed()
    expected = zerocost.get(name)(usual, x, y, 1)
    for how in ({"inplace": True}, {"modules": False}):
        assert zerocost.get(name)(posed(**how)[0], x, y, 1) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", zerocost.names())
def test_a_network_that_works_on_its_input_leaves_the_images(name):
    net = nn.Sequential(nn.ReLU(inplace=True), Net()).double()
    x, y = posed()[1:]
    before = x.clone()
    assert math.isfinite(zerocost.get(name)(net, x, y, 0))
    assert torch.equal(x, before)
    assert not x.requires_grad


@pytest.mark.parametrize("name", zerocost.names())
def test_the_network_is_left_as_it_was(name):
    net, x, y = posed()
    net.norm.eval()
    net.conv1.weight.requires_grad_(False)
    net.conv2.weight.grad = torch.ones_like(net.conv2.weight)
    calls = []
    net.conv2.register_forward_hook(lambda *_: calls.append(1))
    before = {key: value.clone() for key, value in net.state_dict().items()}
    state = torch.random.get_rng_state()
    with torch.no_grad():
        first = zerocost.get(name)(net, x, y, 0)
        assert not torch.is_grad_enabled()
    assert zerocost.get(name)(net, x, y, 0) == first
    assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())
    assert torch.equal(torch.random.get_rng_state(), state)
    assert [m.training for m in (net, net.norm, net.conv1)] == [True, False, True]
    assert [p.requires_grad for p in (net.conv1.weight, net.conv2.weight)] == [False, True]
    assert net.conv1.weight.grad is None
    assert torch.equal(net.conv2.weight.grad, torch.ones_like(net.conv2.weight))
    assert [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in net.modules()].count(1) == 1


@pytest.mark.parametrize("space", ["nb201", "darts", "chain"])
def test_every_score_of_every_kind_of_network(space):
    found = gapless.spaces.get(space)
    shape = Shape(4, {"nb201": 1, "darts": 3, "chain": 0}[space])
    data = gapless.data.get("digits", limit=60)
    evaluator = ZeroCost(zerocost.names(), found, shape, lambda: data, batch=8)
    arch = found.choices.sample(np.random.default_rng(0))
    record = evaluator(arch, 0)
    assert list(record.metrics) == zerocost.names()
    assert all(math.isfinite(value) for value in record.metrics.values())
    with seeded(Streams(0).integer("init")):
        cost = count(subnet(found, arch, shape, data.shape), data.shape)
    assert (record.metrics["params"], record.metrics["macs"]) == (cost.parameters, cost.macs)
    assert record.cost == {"parameters": cost.parameters, "macs": cost.macs}
    assert record.provenance == "zero-cost"


def test_expressivity_looks_at_the_members_of_lists_in_the_order_of_calls():
    space = gapless.spaces.get("nb201")
    with seeded(0):
        net = subnet(
            space, space.choices.sample(np.random.default_rng(1)), Shape(4, 2), ImageShape(1, 8, 8, 10)
        )
    assert set(blocks(net)) == {*net.reductions, *net.cells}
    white = torch.eye(6).reshape(6, 6, 1, 1)
    assert entropy(white) == pytest.approx(math.log(5))  # the mean takes one direction
    assert entropy(white[:2]) == pytest.approx(0, abs=1e-12)
    assert entropy(torch.ones(2, 3, 4, 4)) == -math.inf
    assert entropy(torch.full((2, 3, 4, 4), math.nan)) == -math.inf


def test_nothing_flows():
    space = gapless.spaces.get("nb201")
    dead = Arch.of(dict.fromkeys(("0-1", "0-2", "1-2", "0-3", "1-3", "2-3"), "none"))
    image = ImageShape(1, 8, 8, 10)
    with seeded(0):
        net = subnet(space, dead, Shape(4, 1), image)
        x, y = torch.randn(8, 1, 8, 8), torch.arange(8)
    found = {name: zerocost.get(name)(net, x, y, 0) for name in zerocost.names()}
    assert found["jacob-cov"] == found["naswot"] == found["zen"] == found["expressivity"] == -math.inf
    assert found["synflow"] == 0
    assert all(math.isfinite(found[name]) for name in ("grad-norm", "snip", "grasp", "fisher"))


def test_without_anything_to_learn():
    net = nn.Flatten()
    x, y = torch.randn(4, 1, 2, 2), torch.arange(4)
    for name in ("grad-norm", "snip", "grasp", "fisher", "synflow"):
        assert zerocost.get(name)(net, x, y, 0) == 0
    assert zerocost.get("naswot")(net, x, y, 0) == -math.inf


@pytest.mark.parametrize("name", ["synflow", "zen"])
def test_some_look_at_no_image(name):
    net, x, y = posed()
    assert zerocost.get(name)(net, x, y, 0) == zerocost.get(name)(net, 0 * x, y, 0)


def test_draws_follow_the_seed():
    net, x, y = posed()
    assert zerocost.get("zen")(net, x, y, 0) != zerocost.get("zen")(net, x, y, 1)


def test_images_that_cannot_be_told_apart():
    net, x, y = posed()
    same = x[:1].expand(5, -1, -1, -1).contiguous()
    assert zerocost.get("naswot")(net, same, y, 0) < zerocost.get("naswot")(net, x, y, 0)


@pytest.mark.parametrize(
    ("scores", "batch", "error", "says"),
    [
        ([], 8, BadValue, "got none"),
        (["snip", "snip"], 8, BadValue, "each once"),
        (["snip"], 1, BadValue, "batch >= 2"),
        (["snap"], 8, UnknownName, "did you mean 'snip'"),
    ],
)
def test_refused(scores, batch, error, says):
    def read():
        raise AssertionError("no image is read for a request that is refused")

    with pytest.raises(error, match=says):
        ZeroCost(scores, gapless.spaces.get("nb201"), Shape(4, 1), read, batch=batch)


@settings(derandomize=True, deadline=None)
@given(st.lists(st.floats(-1e60, 1e60) | st.just(-math.inf), min_size=2))
def test_standing_orders_as_scores_do(scores):
    ordered = [standing(score) for score in sorted(scores)]
    assert ordered == sorted(ordered)
    assert 0 <= ordered[0] <= ordered[-1] <= 1


def test_standing_tells_large_scores_apart():
    found = [standing(score) for score in (-math.inf, -50.0, -49.0, 0.0, 1e30, 1.001e30, math.inf)]
    assert len(set(found)) == 7
    assert (found[0], found[3], found[-1]) == (0, 0.5, 1)
    assert math.isnan(standing(math.nan))


@pytest.fixture
def setting():
    space, data = gapless.spaces.get("nb201"), gapless.data.get("digits", limit=80)
    preset = replace(space.presets["quick"], deploy=Shape(4, 1))

    def supernet(run):
        raise AssertionError("no super-network is needed")

    return Setting(space, preset, lambda: data, Streams(0), torch.device("cpu"), supernet)


def test_an_evaluator_by_name(setting):
    evaluator = evaluate.get("zerocost:synflow, params", setting)
    archs = [setting.space.choices.sample(np.random.default_rng(seed)) for seed in range(3)]
    records = evaluator(archs)
    assert [list(record.metrics) for record in records] == [["accuracy", "synflow", "params"]] * 3
    assert [record.metrics["accuracy"] for record in records] == [
        standing(record.metrics["synflow"]) for record in records
    ]
    assert evaluator(archs[2:])[0].metrics == records[2].metrics
    for argument, error in (("", BadValue), ("snap", UnknownName)):
        with pytest.raises(error):
            evaluate.get(f"zerocost:{argument}", setting)


def test_an_exploration_by_a_score(tmp_path):
    run = str(tmp_path / "e")
    found = gapless.explore(space="nb201", explorer="random", evaluator="zerocost:params", trials=4, run=run)
    assert found.findings["trials"] == 4
    assert 0.5 < found.score < 1
