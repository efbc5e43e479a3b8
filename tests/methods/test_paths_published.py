"""Constants of the methods that learn from sampled paths or drop operations, as published."""

import pytest

import gapless.methods
from gapless.core import Progress, at
from gapless.parts.mask.lowest import options_left
from gapless.parts.perturb.operation_dropout import OperationDropout


def lr(recipe, stage, share):
    steps = 1000
    where = Progress(int(steps * share), steps, int(steps * share), steps, stage)
    return at(recipe.weights.lr, where)


def test_proxylessnas():
    recipe = gapless.methods.get("proxylessnas")
    warm, joint = recipe.stages
    assert (warm.epochs, warm.freeze_alpha, joint.epochs, joint.freeze_alpha) == (40, 1.0, 120, 0.0)
    rates = [lr(recipe, stage, share) for stage in (0, 1) for share in (0.0, 0.5, 1.0)]
    assert rates == pytest.approx([0.05, 0.025, 0, 0.025, 0.0125, 0], abs=1e-15)
    weights, alphas = recipe.weights, recipe.alphas
    assert (weights.betas[0], weights.weight_decay, weights.nesterov) == (0.9, 4e-5, True)
    assert (alphas.lr, alphas.betas, alphas.weight_decay) == (1e-3, (0.0, 0.999), 0.0)
    assert (recipe.batch, recipe.label_smoothing, joint.update.n) == (256, 0.1, 5)


def test_proxylessnas_rl():
    recipe = gapless.methods.get("proxylessnas-rl")
    rule = recipe.stages[1].update.rule
    assert (rule.n, rule.rate, rule.exponent) == (10, 0.99, 0.1)
    assert 1_281_167 // 256 // recipe.stages[1].update.n in range(290, 320)
    assert not any(stage.regularize for stage in recipe.stages)


def test_dropnas():
    recipe = gapless.methods.get("dropnas")
    (stage,) = recipe.stages
    assert (recipe.epochs, recipe.batch, recipe.pooled, stage.depth * 8) == (76, 96, True, 14)
    assert [lr(recipe, 0, share) for share in (0.0, 1.0)] == pytest.approx([0.0375, 0.0015])
    weights, alphas = recipe.weights, recipe.alphas
    assert (weights.betas[0], weights.weight_decay, weights.clip) == (0.9, 3e-4, 3.0)
    assert (alphas.lr, alphas.betas, alphas.weight_decay) == (3e-4, (0.5, 0.999), 1e-3)
    assert stage.perturb == (OperationDropout(3e-5),)


def test_ddpnas():
    recipe = gapless.methods.get("ddpnas")
    assert (recipe.epochs, recipe.batch) == (3 * sum(range(2, 9)), 256)
    assert [lr(recipe, 0, share) for share in (0.0, 1.0)] == pytest.approx([0.025, 0.001], abs=1e-15)
    weights = recipe.weights
    assert (weights.betas[0], weights.weight_decay, weights.clip) == (0.9, 5e-4, 5.0)
    left = [options_left(8, epoch, recipe.epochs) for epoch in range(recipe.epochs + 1)]
    assert [left.index(n) for n in range(7, 0, -1)] == [24, 45, 63, 78, 90, 99, 105]


@pytest.mark.parametrize("method", ["random", "enas", "ddpnas"])
def test_idle_weights_move_on(method):
    assert gapless.methods.get(method).weights.idle == "decay"


def test_autoslim():
    recipe = gapless.methods.get("autoslim")
    (stage,) = recipe.stages
    assert (recipe.epochs, recipe.batch, stage.sample.n) == (250 // 5, 1024, 4)
    assert (stage.update.labels, stage.update.soft) == (0.0, 1.0)
    assert [lr(recipe, 0, share) for share in (0.0, 0.5, 1.0)] == pytest.approx([0.5, 0.25, 0.0])
    weights = recipe.weights
    assert (weights.betas[0], weights.weight_decay, weights.nesterov) == (0.9, 1e-4, True)
    assert recipe.select.evaluator.batches == 5


def test_ofa():
    recipe = gapless.methods.get("ofa")
    assert [stage.epochs for stage in recipe.stages] == [180, 120, 25, 120, 25, 120]
    assert [stage.sample.n for stage in recipe.stages] == [1, 1, 2, 2, 4, 4]
    workers = 32
    starts = [lr(recipe, stage, 0.0) for stage in range(6)]
    assert starts[0] == 2.6
    assert starts[1:] == pytest.approx([workers * rate for rate in (3e-2, 2.5e-3, 7.5e-3, 2.5e-3, 7.5e-3)])
    assert [lr(recipe, stage, 1.0) for stage in range(6)] == pytest.approx([0.0] * 6)
    for options in (2, 3):
        kept = [min(options, int(stage.sample.share * options) + 1) for stage in recipe.stages]
        assert kept == [1, 2, options, options, options, options]
    assert (recipe.batch, recipe.label_smoothing) == (64 * workers, 0.1)
    weights = recipe.weights
    assert (weights.betas[0], weights.weight_decay, weights.nesterov) == (0.9, 3e-5, True)
    assert all((s.update.labels, s.update.soft) == (1.0, 1.0) for s in recipe.stages[1:])
    explorer = recipe.select.explorer
    assert (explorer.population, explorer.parents, explorer.rate) == (100, 25, 0.1)
