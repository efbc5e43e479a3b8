"""Scores of sub-networks that inherit weights, on real digits and a small DARTS super-network."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from gapless import data as datasets
from gapless.core import Arch, Streams
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.evaluate.accuracy import accuracy
from gapless.evaluate.inherited import Inherited
from gapless.nets.gate import onehot
from gapless.nets.seeded import seeded
from gapless.nets.statistics import recalibrate
from gapless.spaces.contract import Shape, inherit
from gapless.spaces.darts import Darts

SHAPE = Shape(4, 3, affine=False, pool_norm=True)
SPACE = Darts(nodes=2)
QUICK = Inherited(batches=2, batch=32)


@pytest.fixture(scope="module")
def digits():
    return datasets.get("digits", limit=300)


@pytest.fixture(scope="module")
def net(digits):
    with seeded(0):
        built = SPACE.network(SPACE.choices, SHAPE, digits.shape)
        mix = onehot(SPACE.choices, SPACE.choices.at(5))
        with torch.no_grad():
            for x, _ in digits.ordered("train", 32, "cpu"):
                built(x, mix)
    return built.train()


@pytest.fixture(scope="module")
def arch():
    return SPACE.choices.sample(np.random.default_rng(1))


def scored(evaluator, net, arch, digits, seed=0):
    return evaluator.score(SPACE, net, arch, SHAPE, digits, "cpu", Streams(seed))


def test_record_holds_accuracy_and_cost(net, arch, digits):
    record = scored(QUICK, net, arch, digits)
    assert record.arch == arch
    assert record.provenance == "inherited"
    assert record.metrics["n"] == digits.size("val")
    assert 0 <= record.metrics["accuracy"] <= 1
    child = inherit(SPACE, net, arch, SHAPE, digits.shape)
    assert record.cost["parameters"] == sum(p.numel() for p in child.parameters())
    assert record.cost["macs"] > 0
    assert record.seconds > 0
    assert Record.from_json(json.loads(json.dumps(record.to_json()))) == record


def test_it_is_the_child_with_statistics_of_fixed_training_batches(net, arch, digits):
    record = scored(QUICK, net, arch, digits)
    child = inherit(SPACE, net, arch, SHAPE, digits.shape)
    streams = Streams(0).child("recalibrate")
    recalibrate(child, [digits.batch("train", i, 32, streams, "cpu")[0] for i in range(2)])
    score = accuracy(child, digits.ordered("val", 50, "cpu"))
    assert record.metrics["accuracy"] == score.accuracy
    assert record.metrics["loss"] == pytest.approx(score.loss, rel=1e-5)


def test_without_recalibration_it_is_the_path_through_the_super_network(net, arch, digits):
    record = scored(Inherited(recalibrate=False), net, arch, digits)
    score = accuracy(net, digits.ordered("val", 64, "cpu"), onehot(SPACE.choices, arch))
    assert record.metrics["accuracy"] == score.accuracy
    assert record.metrics["loss"] == pytest.approx(score.loss, rel=1e-5)
    assert record.metrics["loss"] != scored(QUICK, net, arch, digits).metrics["loss"]


def test_the_same_again_and_the_super_network_untouched(net, arch, digits):
    before = {name: value.clone() for name, value in net.state_dict().items()}
    modes, state = [m.training for m in net.modules()], torch.get_rng_state()
    one, other = (scored(QUICK, net, arch, digits) for _ in range(2))
    assert (one.metrics, one.cost) == (other.metrics, other.cost)
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert [m.training for m in net.modules()] == modes
    assert torch.equal(torch.get_rng_state(), state), "torch's global random numbers moved"
    assert scored(QUICK, net, arch, digits, seed=1).metrics["loss"] != one.metrics["loss"]


def test_fewer_images_are_the_first_ones(net, arch, digits):
    record = scored(replace(QUICK, batch=16, held=2), net, arch, digits)
    child = inherit(SPACE, net, arch, SHAPE, digits.shape)
    streams = Streams(0).child("recalibrate")
    recalibrate(child, [digits.batch("train", i, 16, streams, "cpu")[0] for i in range(2)])
    x, y = (torch.cat(of) for of in zip(*list(digits.ordered("val", 16, "cpu"))[:2], strict=True))
    assert record.metrics["n"] == 32
    with torch.no_grad():
        assert record.metrics["accuracy"] == (child.eval()(x).argmax(1) == y).double().mean().item()
    whole = scored(replace(QUICK, held=10**6), net, arch, digits)
    assert whole.metrics == scored(QUICK, net, arch, digits).metrics


def test_several_are_scored_one_after_the_other(net, digits):
    """Cells share nothing; what is repeated is scored once."""
    rng = np.random.default_rng(2)
    first, other = (SPACE.choices.sample(rng) for _ in range(2))
    told = []
    records = QUICK.scores(
        SPACE, net, [first, other, first], SHAPE, digits, "cpu", Streams(0), progress=told.append
    )
    assert told == [0.5, 1.0]
    assert records[0] is records[2]
    for record, arch in zip(records, (first, other), strict=False):
        assert replace(record, seconds=0.0) == replace(scored(QUICK, net, arch, digits), seconds=0.0)
    assert QUICK.scores(SPACE, net, [], SHAPE, digits, "cpu", Streams(0)) == []


@pytest.mark.parametrize("settings", [{"batches": 0}, {"batch": 1}, {"held": -1}])
def test_refuses_settings(settings):
    with pytest.raises(BadValue, match=r"expected .*; got .*; "):
        Inherited(**settings)


def test_refuses_an_architecture_of_another_space(net, digits):
    with pytest.raises(BadValue, match="expected picks at"):
        scored(QUICK, net, Arch.of({"op": "a"}), digits)
