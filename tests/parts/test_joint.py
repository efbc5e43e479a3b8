"""One level: alpha and omega move together, along the gradients of one and the same loss."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from benchmarks.quadratic import TRAIN, VAL
from tests.oracles import bilevel as oracle
from tests.oracles import darts as network

import gapless.methods
from gapless.core.training import Optim
from gapless.engine.check import conflicts
from gapless.nets.descent import Descent
from gapless.parts.sample.uniform import Uniform
from gapless.parts.update.joint import Joint
from gapless.spaces.contract import Shape
from gapless.spaces.darts import Darts
from gapless.testing.methods import SPACES, shortened, started

from .mapping import cell_name, weights
from .test_formula import drawn, near

EXACT = 1e-10


def test_both_move_from_where_both_were():
    view, q, w, a = drawn(1, optim=Optim("sgd", 0.3, (0.0, 0.0), 0.0))
    scalars = Joint().step(view, TRAIN, VAL)
    near(view.alpha["a"].flatten(), a - 0.1 * oracle.one_level(q, w, a))
    near(torch.cat([view.net.first, view.net.rest]), w - 0.3 * oracle.train_w(q, w, a))
    assert set(scalars) == {"train_loss", "train_accuracy"}


def searching(**stage):
    recipe = shortened(gapless.methods.get("darts", "quick"))
    stages = (replace(recipe.stages[0], update=Joint(), **stage),)
    recipe = replace(recipe, stages=stages, pooled=True, weights=replace(recipe.weights, clip=0.5))
    return started(recipe, (Darts(2), Shape(4, 3, affine=False, pool_norm=True)), double=True)


def test_five_steps_of_a_search():
    run = searching()
    w, alpha = run.recipe.weights, run.recipe.alphas
    search = network.Search(
        weights(run, cell_name), {n: v.detach().clone() for n, v in run.alpha.items()}, 3, 2,
        momentum=w.betas[0], decay=w.weight_decay, bound=w.clip,
        alpha_lr=alpha.lr, betas=alpha.betas, alpha_decay=alpha.weight_decay,
    )  # fmt: skip
    for _ in range(5):
        train, _ = run.batches()
        lr = run.weights.lr(run.progress)
        moving, tables = network.movable(search.w), network.movable(search.alpha)
        by_w = network.clipped(search.slope(train, moving, tables, moving), search.bound)
        by_alpha = search.slope(train, moving, tables, tables)
        network.adam(search.alpha, by_alpha, search.moments, alpha.lr, alpha.betas, alpha.weight_decay)
        network.sgd(search.w, by_w, search.velocity, lr, search.momentum, search.decay)
        run.step()
        if run.epoch_ended:
            run.end_epoch()
    ours = {cell_name(n): p.detach() for n, p in run.net.named_parameters()}
    for found, expected in ((ours, search.w), (run.alpha, search.alpha)):
        assert set(found) == set(expected)
        worst = max(((found[n] - e).norm() / e.norm()).item() for n, e in expected.items())
        assert worst < EXACT


def test_the_running_statistics_are_those_of_one_forward():
    run = searching()
    run.step()
    assert {int(m.num_batches_tracked) for m in run.net.modules() if hasattr(m, "num_batches_tracked")} == {1}


def test_the_weights_move_alone_while_alpha_is_held():
    run, held = searching(), searching(freeze_alpha=1.0)
    before = {n: v.detach().clone() for n, v in held.alpha.items()}
    run.step()
    held.step()
    assert all(torch.equal(held.alpha[n], v) for n, v in before.items())
    assert not any(torch.equal(run.alpha[n], v) for n, v in before.items())
    for (name, ours), theirs in zip(run.net.named_parameters(), held.net.parameters(), strict=True):
        assert (ours - theirs).abs().max() < EXACT, f"the first weight step depends on alpha's: {name}"


@dataclass(frozen=True)
class Squared:
    """A regularizer with a known gradient."""

    def __call__(self, run, mix):
        return 100 * sum(gate.weight.square().sum() for gate in mix.values())


@dataclass(frozen=True)
class Halved:
    """A perturbation with a known gradient."""

    def __call__(self, run, mix, batch):
        return {name: replace(gate, weight=gate.weight / 2) for name, gate in mix.items()}


@pytest.mark.parametrize("stage", [{"regularize": (Squared(),)}, {"perturb": (Halved(),)}])
def test_regularizers_and_perturbations_reach_alpha(stage):
    run, other = searching(), searching(**stage)
    for each in (run, other):
        each.alphas = Descent(each.alpha, Optim("sgd", 1.0, (0.0, 0.0), 0.0))
        each.step()
    assert all(np.abs((run.alpha[n] - other.alpha[n]).detach().numpy()).max() > 1e-6 for n in run.alpha)


def test_what_does_not_go_together_is_said():
    recipe = gapless.methods.get("darts", "quick")

    def lines(**stage):
        stages = (replace(recipe.stages[0], update=Joint(), **stage),)
        return conflicts(replace(recipe, stages=stages), SPACES[0][0])

    assert lines() == []
    assert "'joint' needs a relaxation" in lines(relax=None)[0]
    (line,) = lines(sample=Uniform())
    assert "drop the sampler" in line
