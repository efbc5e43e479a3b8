"""Early metrics: the speed against a training written out, and what they depend on."""

import math
from dataclasses import replace

import pytest
import torch
from tests.oracles import first_steps as oracle

from gapless.core import Cosine, Streams
from gapless.core.errors import BadValue, UnknownName
from gapless.core.training import Optim
from gapless.evaluate import zerocost
from gapless.evaluate.early import Early
from gapless.nets.seeded import seeded
from gapless.spaces.contract import Shape, subnet
from gapless.spaces.nb201 import Nb201
from gapless.testing.methods import Double, digits

SPACE, SHAPE, CPU = Nb201(), Shape(8, 2), torch.device("cpu")
ARCH = SPACE.from_index(11)
EARLY = Early(("synflow", "params"), steps=10, batch=8)


def scored(early, arch=ARCH, shape=SHAPE, seed=0, data=None):
    return early(SPACE, arch, shape, data or digits(), CPU, Streams(seed))


def test_speed_is_that_of_a_training_written_out():
    """Nesterov's step with weight decay, a learning rate that falls with the steps; float64."""
    data = Double(**{name: getattr(digits(), name) for name in digits().__dataclass_fields__})
    streams, shape = Streams(3), replace(SHAPE, channels=4)
    with seeded(streams.integer("init")):
        net = subnet(SPACE, ARCH, shape, data.shape)
    net.double().train()
    batches = [data.batch("train", t, 8, streams, CPU, augment=data.augment) for t in range(10)]
    losses = oracle.losses(net, batches, 0.1)
    found = scored(EARLY, seed=3, data=data)
    assert found["speed"] == pytest.approx(-(losses[-1] + losses[-2]) / 2, abs=1e-9)


def test_scores_are_those_of_the_fresh_network_of_use():
    with seeded(Streams(0).integer("init")):
        net = subnet(SPACE, ARCH, SHAPE, digits().shape)
    x, y = digits().batch("train", 0, 8, Streams(0), CPU)
    found = scored(replace(EARLY, side=4))
    assert set(found) == set(EARLY.metrics) == {"synflow", "params", "speed"}
    for name in EARLY.scores:
        assert found[name] == zerocost.get(name)(net, x, y, Streams(0).integer("score"))


def test_a_function_of_architecture_and_seed():
    assert scored(EARLY) == scored(EARLY)
    assert scored(EARLY)["speed"] != scored(EARLY, seed=1)["speed"]
    assert scored(EARLY)["speed"] != scored(EARLY, SPACE.from_index(12))["speed"]


def test_what_is_trained_may_be_narrower_and_see_less():
    narrow, wide = scored(EARLY), scored(replace(EARLY, width=1.0))
    assert narrow["speed"] == scored(replace(EARLY, width=1.0), shape=replace(SHAPE, channels=4))["speed"]
    assert narrow["speed"] != wide["speed"]
    assert scored(replace(EARLY, side=4))["speed"] == scored(EARLY, data=digits().coarsened(4))["speed"]
    assert scored(replace(EARLY, side=4))["speed"] != narrow["speed"]


def test_a_training_that_diverges_is_as_slow_as_can_be():
    wild = replace(EARLY, weights=Optim("sgd", Cosine(9e5, per="step"), (0.9, 0)))
    data = replace(digits(), mean=(math.nan,))
    assert scored(replace(wild, scores=()), data=data)["speed"] == -math.inf


@pytest.mark.parametrize("wrong", [{"steps": 4}, {"batch": 1}, {"width": 0.0}, {"side": -1}])
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(BadValue, match="steps >= 5, batch >= 2, width > 0 and side >= 0"):
        replace(EARLY, **wrong)
    with pytest.raises(UnknownName):
        replace(EARLY, scores=("synflw",))
