"""Paths that learn from others against plain SGD on a network written out by hand, in float64."""

from dataclasses import dataclass, replace

import pytest
import torch
from tests.oracles import distillation as oracle

import gapless.methods
from gapless.core import Cosine
from gapless.core.errors import BadValue
from gapless.engine.check import conflicts
from gapless.nets.gate import path
from gapless.parts.mask.falling import Falling
from gapless.parts.sample.price import extreme
from gapless.parts.sample.sandwich import Sandwich
from gapless.parts.sample.uniform import Uniform
from gapless.parts.update.distillation import TEACHER, Distillation
from gapless.parts.update.inplace_distillation import InplaceDistillation
from gapless.parts.update.paths import Paths
from gapless.testing.methods import shortened, started

from .mapping import chain_name, weights
from .test_paths import CHAIN, EXACT, SHAPE, WIDTHS, error, picks

DEAREST = ["k5e2"] * 3
SGD = {"momentum": 0.9, "decay": 1e-3}


def searching(update, sample, **changes):
    recipe = shortened(gapless.methods.get("spos", "quick"))
    plain = replace(recipe.weights, lr=Cosine(0.1, per="step"), weight_decay=1e-3, clip=0.0)
    stage = replace(recipe.stages[0], update=update, sample=sample, **changes)
    return started(replace(recipe, weights=plain, stages=(stage,)), (CHAIN, SHAPE), double=True)


def equal(run, w):
    ours = {chain_name(n): p for n, p in run.net.named_parameters()}
    return max(error(ours[name].detach(), w[name]) for name in w) < EXACT


@pytest.mark.parametrize(("labels", "soft"), [(0.0, 1.0), (0.5, 0.5), (1.0, 2.0)])
def test_the_first_path_teaches_the_others(labels, soft):
    run = searching(InplaceDistillation(labels, soft), Sandwich(4))
    w, velocity = weights(run, chain_name), {}
    for _ in range(5):
        train, _ = run.batches()
        paths = [picks(mix) for mix in run.paths()]
        assert paths[0] == DEAREST
        lr = run.weights.lr(run.progress)
        oracle.inplace(train, paths, w, velocity, WIDTHS, CHAIN.strides, labels, soft, lr, **SGD)
        run.step()
        assert equal(run, w)


@pytest.mark.parametrize(("labels", "soft"), [(0.0, 1.0), (1.0, 1.0)])
def test_the_teacher_stays_as_it_was(labels, soft):
    run = searching(Distillation(labels, soft), Uniform(2))
    run.extra[TEACHER].double()
    w, velocity = weights(run, chain_name), {}
    teacher = {name: value.clone() for name, value in w.items()}
    before = {name: value.clone() for name, value in run.extra[TEACHER].state_dict().items()}
    for _ in range(5):
        train, _ = run.batches()
        paths = [picks(mix) for mix in run.paths()]
        lr = run.weights.lr(run.progress)
        given = (WIDTHS, CHAIN.strides, labels, soft, lr)
        oracle.frozen(train, paths, teacher, DEAREST, w, velocity, *given, **SGD)
        run.step()
        assert equal(run, w)
    after = run.extra[TEACHER].state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not equal(run, teacher)


def test_the_teacher_of_a_later_stage_is_what_was_learnt_before():
    recipe = shortened(gapless.methods.get("spos", "quick"))
    stages = tuple(replace(recipe.stages[0], epochs=1, update=u) for u in (Paths(), Distillation()))
    run = started(replace(recipe, stages=stages), (CHAIN, SHAPE))
    start = {name: value.clone() for name, value in run.net.state_dict().items()}
    for _ in range(run.progress.steps):
        run.step()
    run.end_epoch()
    run.next_stage()
    learnt, teacher = run.net.state_dict(), run.extra[TEACHER].state_dict()
    assert all(torch.equal(learnt[name], teacher[name]) for name in learnt)
    assert any(not torch.equal(start[name], teacher[name]) for name in start)


def test_several_stages_have_one_teacher():
    recipe = shortened(gapless.methods.get("spos", "quick"))
    stages = tuple(replace(recipe.stages[0], epochs=1, update=u) for u in (Paths(), *[Distillation()] * 2))
    run = started(replace(recipe, stages=stages), (CHAIN, SHAPE))
    seen = []
    for _ in stages[1:]:
        for _ in range(run.progress.steps):
            run.step()
        run.end_epoch()
        run.next_stage()
        seen.append({name: value.clone() for name, value in run.extra[TEACHER].state_dict().items()})
    assert all(torch.equal(seen[0][name], seen[1][name]) for name in seen[0])
    learnt = run.net.state_dict()
    assert any(not torch.equal(learnt[name], seen[0][name]) for name in learnt)


@dataclass(frozen=True)
class ToDearest:
    """Has every path be the dearest."""

    def __call__(self, run, mix, batch):
        return path(run.choices.active(extreme(run.choices, run.costs("macs"), dearest=True)))


@pytest.mark.parametrize("update", [InplaceDistillation(), Distillation()])
def test_what_disturbs_paths_disturbs_these(update):
    run = searching(update, Uniform(2), perturb=(ToDearest(),))
    for value in run.extra.values():
        value.double()
    before = {name: value.clone() for name, value in run.weights.named.items()}
    run.step()
    moved = {
        chain_name(name) for name, value in run.weights.named.items() if not torch.equal(value, before[name])
    }
    assert all("k5e2" in name for name in moved if name.startswith("layer"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [({}, "there is none"), ({"fresh": True}, "there is none"), ({"mask": Falling()}, "works with no mask")],
    ids=["first", "fresh", "mask"],
)
def test_a_teacher_that_knows_nothing_is_refused(changes, words):
    recipe = gapless.methods.get("spos", "quick")
    later = replace(recipe.stages[0], update=Distillation(), **changes)
    stages = (later,) if not changes else (recipe.stages[0], later)
    assert any(words in line for line in conflicts(replace(recipe, stages=stages), CHAIN))
    fine = replace(recipe.stages[0], update=Distillation())
    assert conflicts(replace(recipe, stages=(recipe.stages[0], fine)), CHAIN) == []


@pytest.mark.parametrize("update", [InplaceDistillation(), Distillation()])
def test_without_paths_there_is_nobody_to_teach(update):
    recipe = gapless.methods.get("darts", "quick")
    recipe = replace(recipe, stages=(replace(recipe.stages[0], update=update),))
    assert "needs a sampler" in conflicts(recipe, CHAIN)[0]


@pytest.mark.parametrize("update", [InplaceDistillation, Distillation])
def test_refuses_weights_below_0(update):
    with pytest.raises(BadValue, match=r"at least 0; got -1 and 1"):
        update(-1, 1)
