"""Evaluators by name: alone, with inherited weights."""

import math
from dataclasses import replace

import pytest
import torch
from tests.evaluate import chains

import gapless.data
from gapless import evaluate
from gapless.core import Streams
from gapless.core.errors import BadValue, Incompatible, Interrupted, UnknownName
from gapless.core.training import Optim, Training
from gapless.evaluate.contract import Setting, Supernet
from gapless.evaluate.inherited import Inherited
from gapless.nets.cost import count
from gapless.spaces.contract import Preset, Shape, subnet

SPACE = chains.FOUR
TRAINING = Training(1, 16, Optim(lr=0.05))
ARCHS = [SPACE.choices.at(i) for i in (0, 40, 80)]


@pytest.fixture(scope="module")
def digits():
    return gapless.data.get("digits", limit=60)


@pytest.fixture
def setting(digits):
    preset = Preset(chains.SHAPE, Shape(4), TRAINING)

    def supernet(run):
        net = chains.supernet(SPACE, chains.SHAPE, digits)
        return Supernet(SPACE, net, chains.SHAPE, digits, Streams(3))

    return Setting(SPACE, preset, lambda: digits, Streams(0), torch.device("cpu"), supernet)


def test_alone_is_deterministic(setting, digits):
    records = evaluate.get("standalone", setting)(ARCHS)
    again = evaluate.get("standalone", setting)(ARCHS[1:])
    assert chains.numbers(records[1:]) == chains.numbers(again)
    for record, arch in zip(records, ARCHS, strict=True):
        cost = count(subnet(SPACE, arch, Shape(4), digits.shape), digits.shape)
        assert record.arch == arch
        assert record.cost == {"parameters": cost.parameters, "macs": cost.macs}
        assert record.metrics["n"] == digits.size("val")
        assert 0 <= record.metrics["accuracy"] <= 1
        assert record.seconds > 0
    longer = replace(setting, preset=replace(setting.preset, training=replace(TRAINING, epochs=4)))
    (record,) = evaluate.get("standalone", longer)(ARCHS[2:])
    assert record.metrics["loss"] != records[2].metrics["loss"]


def test_a_training_that_diverges_is_a_record_without_a_number(setting):
    hot = replace(TRAINING, weights=Optim(lr=9e5, weight_decay=1e33))
    setting = replace(setting, preset=replace(setting.preset, training=hot))
    (record,) = evaluate.get("standalone", setting)(ARCHS[:1])
    assert math.isnan(record.metrics["accuracy"])
    assert record.cost["parameters"] > 0


def test_a_training_can_be_stopped(setting):
    with pytest.raises(Interrupted):
        evaluate.get("standalone", replace(setting, stopping=lambda: True))(ARCHS[:1])


def test_inherited_is_what_a_search_scores(setting, digits):
    evaluator = evaluate.get("inherited:runs/a", setting)
    assert evaluator.together == 50, "a chain shares beginnings"
    net = chains.supernet(SPACE, chains.SHAPE, digits)
    expected = [
        Inherited().score(SPACE, net, arch, chains.SHAPE, digits, "cpu", Streams(3)) for arch in ARCHS
    ]
    for record, other in zip(evaluator(ARCHS), expected, strict=True):
        assert record.metrics["accuracy"] == other.metrics["accuracy"]
        assert record.metrics["loss"] == pytest.approx(other.metrics["loss"], rel=1e-4)
        assert record.cost == other.cost


def test_refusals(setting):
    with pytest.raises(UnknownName, match="did you mean 'standalone'"):
        evaluate.get("stand-alone", setting)
    with pytest.raises(BadValue, match="without an argument"):
        evaluate.get("standalone:x", setting)
    with pytest.raises(BadValue, match="inherited:runs/a"):
        evaluate.get("inherited", setting)
    with pytest.raises(Incompatible, match="space 'chain'"):
        evaluate.get("inherited:runs/a", replace(setting, space=replace(SPACE, head=7)))
