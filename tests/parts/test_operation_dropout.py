"""Grouped operation dropout: gates against NumPy, kept sets against their probabilities."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.oracles import costs as oracle

import gapless.methods
from gapless.core import Linear, Streams
from gapless.engine.check import conflicts
from gapless.nets.gate import Gate
from gapless.parts.perturb.operation_dropout import OperationDropout, free, kept, kept_only
from gapless.spaces.darts import Darts
from gapless.testing.methods import SPACES, shortened, started

from .test_from_p import fits

EXACT = 1e-10
COSTLY = ("sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5")


def test_gates_of_what_is_kept():
    draw = np.random.default_rng(0)
    table, stays = draw.dirichlet(np.ones(5), 7), draw.random((7, 5)) < 0.6
    stays[:, 2] = True
    found = kept_only(Gate(torch.from_numpy(table)), stays)
    assert np.abs(found.weight.numpy() - oracle.kept(table, stays)).max() < EXACT
    assert np.array_equal(found.active, stays)


def test_each_group_keeps_one_and_sets_are_as_likely_as_said():
    (group, _), counts = Darts().choices.groups(), (Counter(), Counter())
    costless = np.array([name not in COSTLY for name in group.options])
    for step in range(300):
        table = kept(group, costless, 0.2, Streams(0).generator("d", step))
        for row in table:
            for which, members in enumerate((costless, ~costless)):
                counts[which][int("".join(str(int(k)) for k in row[members]), 2)] += 1
    for each in counts:
        assert 0 not in each
        assert fits(each, oracle.kept_chances(4, 0.2))
        assert not fits(each, oracle.kept_chances(4, 0.3)), "the test cannot tell"


def test_rate_0_keeps_all():
    (group, _) = Darts().choices.groups()
    assert kept(group, np.ones(8, dtype=bool), 0.0, Streams(0).generator("d")).all()


def searching(part, tiny, double=True):
    recipe = shortened(gapless.methods.get("darts", "quick"))
    return started(replace(recipe, stages=(replace(recipe.stages[0], perturb=(part,)),)), tiny, double=double)


def test_groups_of_the_space_of_darts():
    run = searching(OperationDropout(), (Darts(2), SPACES[1][1]), double=False)
    for group in run.choices.groups():
        costless = free(group, run.costs("macs")[group.name])
        names = [name for name, yes in zip(group.options, costless, strict=True) if yes]
        assert names == ["none", "max_pool_3x3", "avg_pool_3x3", "skip_connect"]


@pytest.mark.parametrize("tiny", SPACES, ids=["chain", "darts"])
def test_in_a_search(tiny):
    run, dropped = searching(OperationDropout(0.5), tiny), 0
    for _ in range(3):
        mix, batch = run.mix(), run.batches()[0]
        found = run.perturbed(mix, batch)
        for name, gate in found.items():
            expected = oracle.kept(mix[name].weight.detach().numpy(), gate.active)
            assert np.abs(gate.weight.detach().numpy() - expected).max() < EXACT
            dropped += int((~gate.active).sum())
        again = run.perturbed(mix, batch)
        assert all(np.array_equal(found[name].active, again[name].active) for name in found)
        run.step()
    assert dropped > 0


def test_the_rate_is_a_schedule():
    run = searching(OperationDropout(Linear(0.0, 0.9)), SPACES[1])
    assert all(gate.active.all() for gate in run.perturbed(run.mix(), run.batches()[0]).values())
    run.progress = replace(run.progress, step=run.progress.steps)
    assert not all(gate.active.all() for gate in run.perturbed(run.mix(), run.batches()[0]).values())


def test_what_does_not_go_together_is_said():
    recipe = gapless.methods.get("darts", "quick")
    stage = replace(recipe.stages[0], perturb=(OperationDropout(1.0),))
    assert "rate from 0 to below 1" in conflicts(replace(recipe, stages=(stage,)), SPACES[0][0])[0]
    stage = replace(recipe.stages[0], perturb=(OperationDropout(),), relax=None)
    assert any(
        "without a relaxation" in line for line in conflicts(replace(recipe, stages=(stage,)), SPACES[0][0])
    )
