"""Tuned: a few steps from inherited weights, against the same steps written out."""

import copy
from dataclasses import replace

import pytest
import torch
from tests.oracles import first_steps as oracle

import gapless.methods
from gapless.core import Streams
from gapless.core.errors import BadValue
from gapless.evaluate.tuned import Tuned
from gapless.spaces.contract import inherit
from gapless.testing.methods import SPACES, advance, shortened, started

TUNED = Tuned(steps=3, batch=8)


@pytest.fixture(scope="module")
def run():
    found = started(shortened(gapless.methods.get("spos", "quick")), SPACES[1], double=True)
    advance(found, 4)
    return found


def scored(run, arch, part=TUNED, seed=0):
    return part(run.space, run.net, arch, run.net_shape, run.data, run.device, Streams(seed))


def test_the_losses_of_a_few_steps(run):
    arch = run.space.choices.at(7)
    child = inherit(run.space, run.net, arch, run.net_shape, run.data.shape).train()
    data = run.data
    batches = [data.batch("train", t, 8, Streams(0), run.device, augment=data.augment) for t in range(3)]
    losses = oracle.losses(child, batches, 0.03)
    assert scored(run, arch) == pytest.approx(-sum(losses) / 3, abs=1e-9)


def test_the_super_network_stays_as_it_is(run):
    before = copy.deepcopy(run.net.state_dict())
    first = scored(run, run.space.choices.at(3))
    assert scored(run, run.space.choices.at(3)) == first
    assert all(torch.equal(before[name], value) for name, value in run.net.state_dict().items())


def test_weights_of_the_super_network_count(run):
    fresh = started(run.recipe, SPACES[1], double=True)
    arch = run.space.choices.at(3)
    assert scored(run, arch) != scored(fresh, arch)


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"batch": 1}])
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(BadValue, match="steps >= 1 and batch >= 2"):
        replace(TUNED, **wrong)
