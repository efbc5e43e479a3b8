"""Stages of their own network, what parts carry along, and observers that go back."""

from dataclasses import dataclass, replace

import pytest
import torch
from torch import nn

from gapless.core.training import Optim
from gapless.nets.descent import Descent
from gapless.nets.seeded import seeded
from gapless.parts.contract import Rollback, Stop
from gapless.parts.update.bilevel import Bilevel
from gapless.testing.methods import advance, differing, reopened, shortened, started

from . import toys


def heavier(run):
    run.weights.decay *= 3


@dataclass(frozen=True)
class Back:
    """At the end of an epoch goes back, once; ends the stage there or goes on with a larger weight decay."""

    at: int = 3
    back: int = 2
    on: bool = True
    remembers: int = 2

    def __call__(self, run):
        if run.progress.epoch != self.at or run.weights.decay > 1:
            return {}
        if self.on:
            raise Rollback(self.back, heavier, {"went": float(self.back)})
        raise Stop(self.back)


@dataclass(frozen=True)
class Partner:
    """Carries a network and its optimizer along, and moves them at every step."""

    def init(self, run):
        with seeded(run.streams.integer("partner")):
            net = nn.Linear(2, 2)
        return {"partner": net, "partner/optim": Descent(dict(net.named_parameters()), Optim("sgd", 0.1))}

    def step(self, run, train, val):
        net, optim = run.extra["partner"], run.extra["partner/optim"]
        optim.clear()
        net(torch.ones(1, 2)).square().sum().backward()
        optim.step(run.progress)
        return Bilevel().step(run, train, val)


def alpha(run):
    return {name: table.detach().clone() for name, table in run.alpha.items()}


def equal(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def at_epochs(run):
    """Alpha at the end of every epoch of the trace, until the search ends."""
    found, steps = [], 0
    while advance(run, 1) is None and steps < 60:
        steps += 1
        if len(run.trace) > len(found):
            found.append(alpha(run))
    return found


def test_a_stage_ends_as_it_stood_some_epochs_ago():
    run = toys.run(epochs=4, observe=(Back(on=False),))
    plain = at_epochs(toys.run(epochs=4))
    advance(run)
    assert [row["epoch"] for row in run.trace] == [1, 2, 3]
    assert equal(alpha(run), plain[0])
    assert run.finished


def test_a_run_goes_on_from_where_it_stood():
    run = toys.run(epochs=4, observe=(Back(),))
    seen = at_epochs(run)
    assert [row["epoch"] for row in run.trace] == [1, 2, 3, 2, 3, 4]
    assert [row.get("went") for row in run.trace] == [None, None, 2.0, None, None, None]
    assert equal(seen[2], seen[0])
    assert run.weights.decay == 3
    assert run.weights.weight_decay == 3 * run.recipe.weights.weight_decay
    assert not equal(seen[3], seen[1])


@pytest.mark.parametrize("done", [1, 5, 9, 10, 14])
def test_going_back_resumes_bitwise(done):
    whole, half = (toys.run(toys.DARTS, epochs=4, observe=(Back(),)) for _ in range(2))
    advance(whole)
    advance(half, done)
    again = reopened(half)
    assert differing(half, again) == []
    advance(again)
    assert differing(whole, again) == []


@pytest.mark.parametrize("done", [1, 3, 4])
def test_networks_and_optimizers_of_a_part_resume_bitwise(done):
    whole, half = (toys.run(epochs=2, update=Partner()) for _ in range(2))
    advance(whole)
    advance(half, done)
    again = reopened(half)
    assert differing(half, again) == []
    advance(again)
    assert differing(whole, again) == []
    fresh = toys.run(epochs=2, update=Partner())
    assert not torch.equal(fresh.extra["partner"].weight, whole.extra["partner"].weight)


def staged(**second):
    first = shortened(toys.recipe("darts"))
    return replace(first, stages=(first.stages[0], replace(first.stages[0], **second))).scaled(2)


def until_second(run):
    per_epoch = run.data.steps("train", run.recipe.batch)
    advance(run, per_epoch)
    before = alpha(run), dict(run.net.state_dict())
    advance(run, 1)
    return before


def test_a_stage_may_begin_anew_with_other_numbers_than_the_first():
    run = started(staged(fresh=True), toys.DARTS)
    drawn = run.net.state_dict()["stem.0.weight"].clone()
    until_second(run)
    anew = started(staged(fresh=True), toys.DARTS)
    anew.next_stage()
    assert not torch.equal(anew.net.state_dict()["stem.0.weight"], drawn)
    assert all(float(table.detach().abs().max()) < 0.01 for table in anew.alpha.values())


def test_a_stage_may_have_a_deeper_network():
    run = started(staged(depth=2.0), toys.DARTS)
    assert len(run.net.cells) == 3
    until_second(run)
    assert len(run.net.cells) == 6
    assert run.net_shape.depth == 6
    whole, again = started(staged(depth=2.0), toys.DARTS), reopened(run)
    assert differing(run, again) == []
    advance(whole)
    advance(again)
    assert differing(whole, again) == []


def test_otherwise_a_stage_goes_on():
    run = started(staged(), toys.DARTS)
    until_second(run)
    state = run.weights.state()
    assert state
    assert all(key in state for key in started(staged(), toys.DARTS).weights.state())


def test_pooled_weights_learn_from_both_splits():
    short = replace(toys.recipe("darts"), pooled=True)
    run = started(short, toys.CHAIN)
    assert run.progress.steps == 2 * run.data.steps(("train", "val"), short.batch)
    assert run.progress.steps > 2 * run.data.steps("train", short.batch)
    advance(run)
    assert run.finished


def test_another_network_of_the_run_is_the_same_whenever_it_is_made():
    run = toys.run(toys.DARTS)
    first = run.network(2.0).state_dict()
    advance(run, 2)
    second = run.network(2.0)
    assert len(second.cells) == 6
    assert all(torch.equal(first[name], value) for name, value in second.state_dict().items())
    assert not torch.equal(first["stem.0.weight"], run.net.state_dict()["stem.0.weight"])


def test_validation_leaves_the_network_as_it_is():
    run = toys.run(toys.DARTS)
    advance(run, 2)
    before = {name: value.clone() for name, value in run.net.state_dict().items()}
    with torch.no_grad():
        mix = run.mix()
    found = [run.validation(mix, own_statistics=own) for own in (True, False)]
    few = run.validation(mix, batches=1)
    assert run.net.training
    assert all(torch.equal(before[name], value) for name, value in run.net.state_dict().items())
    assert found[0].loss != found[1].loss
    assert few.loss != found[0].loss
    assert all(0 <= score.accuracy <= 1 for score in found)


def test_what_is_remembered_holds_nothing_that_was_remembered_before():
    run = toys.run(epochs=8, observe=(Back(at=99),))
    sizes = []
    while advance(run, 1) is None and not run.finished:
        if run.epoch_ended:
            sizes.append(sum(value.numel() for value in run.memory.saved()[0].values()))
    assert sizes[1] > sizes[0]
    assert len(set(sizes[3:])) == 1
