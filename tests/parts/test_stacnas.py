"""Parts of StacNAS against dictionaries, and its stages."""

import numpy as np
import pytest
import torch
from tests.engine import toys
from tests.oracles import stacnas as oracle

import gapless.methods
from gapless.core import Progress, Streams
from gapless.engine.check import conflicts
from gapless.parts.mask.clusters import Clusters
from gapless.parts.relax.representatives import Representatives
from gapless.spaces.darts import Darts
from gapless.spaces.nb201 import Nb201

EXACT = 1e-10
SPACES = (Darts(), Nb201(), Darts(2, ("avg_pool_3x3", "sep_conv_5x5", "sep_conv_3x3")))


def drawn(space, seed):
    rng = np.random.default_rng(seed)
    return {g.name: torch.from_numpy(rng.standard_normal(g.mask.shape)) for g in space.choices.groups()}


class At:
    def __init__(self, choices, epoch):
        self.choices, self.progress = choices, Progress(epoch, 80, epoch, 80)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("seed", range(5))
def test_gates_and_survivors(space, seed):
    choices, relax, alpha = space.choices, Representatives(), drawn(space, seed)
    mix = relax(alpha, choices, Progress(), Streams(0).generator("x"))
    strengths = {n: t.numpy() for n, t in relax.strengths(alpha, choices, Progress()).items()}
    assert Clusters()(At(choices, 79), strengths) is None
    after = {g.name: g for g in Clusters()(At(choices, 80), strengths).groups()}
    for group in choices.groups():
        gate, left = mix[group.name], after[group.name]
        for row, values in enumerate(alpha[group.name].tolist()):
            each = dict(zip(group.options, values, strict=True))
            expected = np.array(list(oracle.gates(each).values()))
            assert np.abs(gate.weight[row].numpy() - expected).max() < EXACT
            assert np.abs(strengths[group.name][row] - expected).max() < EXACT
            assert gate.active is None or np.array_equal(gate.active[row], expected > 0)
            found = {o for o, has in zip(left.options, left.mask[row], strict=True) if has}
            if space.name == "darts":
                assert found == oracle.survivors(each)
            else:
                assert found == oracle.survivors(each, absent="") == {max(each, key=each.get)}


def test_what_does_not_go_together_is_said():
    recipe = toys.recipe("spos", mask=Clusters())
    assert "'clusters' compares" in conflicts(recipe, toys.CHAIN[0])[0]


def test_stages_as_published():
    recipe = gapless.methods.get("stacnas")
    paper = Darts().presets["paper"].search
    assert [(s.epochs, s.reshaped(paper).depth) for s in recipe.stages] == [(80, 14), (80, 20)]
    assert recipe.pooled
    weights, alphas = recipe.weights, recipe.alphas
    assert (recipe.batch, weights.lr.start, weights.lr.end, weights.clip, alphas.lr) == (
        64, 0.025, 0.001, 3.0, 3e-4,
    )  # fmt: skip


def test_the_second_stage_has_the_winners():
    recipe = gapless.methods.get("stacnas", "quick").scaled(2)
    space = Darts(2, ("avg_pool_3x3", "max_pool_3x3", "sep_conv_3x3", "sep_conv_5x5"))
    run = toys.started(recipe, (space, toys.DARTS[1]))
    assert len(run.net.cells) == 3
    while run.progress.step < run.progress.steps:
        run.step()
        if run.epoch_ended:
            run.end_epoch()
    run.next_stage()
    assert len(run.net.cells) == 4
    for group in run.choices.groups():
        assert "none" in group.options
        assert group.mask.sum(1).tolist() == [3] * 5
