"""Perturbation-based selection against plain loops, and in real searches."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracles import perturbation as oracle

import gapless.methods
from gapless.core import Choice
from gapless.engine.check import conflicts
from gapless.nets.statistics import normalizations
from gapless.parts.contract import Validation
from gapless.parts.mask.perturbation import DECISIONS, Perturbation, needed
from gapless.parts.relax.gumbel import Gumbel
from gapless.spaces.contract import Shape
from gapless.spaces.darts import Darts
from gapless.testing.methods import SPACES, advance, shortened, started


@settings(derandomize=True, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=2, max_size=7), st.integers(1, 3))
def test_what_stays(levels, picks):
    names, picks = [f"o{i}" for i in range(len(levels))], min(picks, len(levels))
    accuracy = {name: level / 4 for name, level in zip(names, levels, strict=True)}
    kept = needed(Choice("c", dict.fromkeys(names), pick=picks), accuracy.__getitem__)
    assert sorted(kept) == oracle.staying(names, accuracy, picks)


def searching(tiny, epochs=2):
    recipe = shortened(gapless.methods.get("darts", "quick")).scaled(epochs)
    stage = replace(recipe.stages[0], mask=Perturbation())
    return started(replace(recipe, stages=(stage,)), tiny)


@pytest.mark.parametrize("tiny", SPACES, ids=["chain", "darts"])
def test_decisions_are_spread_over_the_stage(tiny):
    run, open_ = searching(tiny, 5), []
    total = int(run.extra[DECISIONS])
    while run.progress.step < run.progress.steps:
        run.step()
        if run.epoch_ended:
            run.end_epoch()
            open_.append(sum(group.mask.sum(1).max() > 1 for group in run.choices.groups()))
            left = sum(len(c.options) > c.most or bool(c.relaxed_only) for c in every(run.choices))
            assert left == total - total * run.progress.epoch // 5
    assert run.choices.size() == 1
    assert total == (2 if tiny is SPACES[0] else 12)


def every(space):
    for choice in space.choices:
        yield choice
        for option in choice.options:
            yield from every(choice.inside(option))


def zeroed(run, row, column, group):
    """Accuracy on the validation split with one gate multiplied by zero, by the plain network."""
    mix = dict(run.mix())
    weight = mix[group].weight.detach().clone()
    weight[row, column] = 0
    mix[group] = replace(mix[group], weight=weight)
    right = n = 0
    before = [(m.running_mean.clone(), m.num_batches_tracked.clone()) for m in normalizations(run.net)]
    with torch.no_grad():
        for layer in normalizations(run.net):
            layer.track_running_stats = False
        run.net.train()
        for x, y in run.data.ordered("val", run.recipe.batch, "cpu"):
            right, n = right + int((run.net(x, mix).argmax(1) == y).sum()), n + len(y)
        for layer in normalizations(run.net):
            layer.track_running_stats = True
    for layer, (mean, count) in zip(normalizations(run.net), before, strict=True):
        assert torch.equal(layer.running_mean, mean)
        assert torch.equal(layer.num_batches_tracked, count)
    return right / n


def test_the_first_decision_of_a_chain_is_by_real_accuracies():
    run = searching(SPACES[0], 24)
    while run.progress.step < run.progress.steps // 2:
        run.step()
    with torch.no_grad():
        run.alpha["layers"].copy_(torch.tensor([[0.5, -1.0, 1.0], [1.0, 0.5, -1.0]]))
    before, group = run.choices, run.choices.groups()[0]
    by_row = [
        {o: zeroed(run, row, column, "layers") for column, o in enumerate(group.options)} for row in range(2)
    ]
    smaller = Perturbation()(run, run.gates())
    decided = [i for i, choice in enumerate(smaller.choices) if len(choice.options) == 1]
    assert len(decided) == 1
    kept = list(smaller.choices[decided[0]].options)
    assert kept == oracle.staying(group.options, by_row[decided[0]], 1)
    assert all(len(set(by_name.values())) > 1 for by_name in by_row)
    assert smaller.choices[1 - decided[0]] == before.choices[1 - decided[0]]


def test_an_edge_that_is_out_is_not_computed():
    run, seen = searching(SPACES[1]), []
    while run.progress.step < run.progress.steps:
        run.step()
        if run.epoch_ended and run.progress.step == run.progress.steps:
            real, path = run.validation, ("reduce/3",)

            def watched(mix, batches=0, real=real):
                seen.append({name: gate.active.copy() for name, gate in mix.items()})
                return real(mix, batches)

            run.validation = watched
        if run.epoch_ended:
            run.end_epoch()
    group = next(g for g in SPACES[1][0].choices.groups() if g.name == "reduce")
    rows = [i for i, row in enumerate(group.rows) if row[:1] == path]
    assert any(any(not tables["reduce"][row].any() for row in rows) for tables in seen)


def test_each_edge_is_missed_by_itself():
    """Once 3 were gone, 0 would be missed least; alone, 2 and 3 are."""
    alone = {frozenset("0"): 0.5, frozenset("1"): 0.6, frozenset("2"): 0.7, frozenset("3"): 0.8}
    pairs = {frozenset("30"): 0.9, frozenset("31"): 0.1, frozenset("32"): 0.2}
    space = Darts(nodes=3, operations=("max_pool_3x3", "skip_connect"))
    run, node = searching((space, Shape(4, 3, affine=False, pool_norm=True))), ("normal/4",)
    (group,) = (group for group in space.choices.groups() if group.name == "normal")

    def validation(mix, batches=0):
        active = mix["normal"].active
        out = frozenset(row[1] for i, row in enumerate(group.rows) if row[:1] == node and not active[i].any())
        return Validation(0.0, (alone | pairs).get(out, 0.0))

    run.validation = validation
    run.progress = replace(run.progress, epoch=run.progress.epochs)
    smaller = Perturbation()(run, run.gates())
    left = list(smaller.choice(node).options)
    assert left == oracle.staying("0123", {str(i): alone[frozenset(str(i))] for i in range(4)}, 2)
    assert left == ["0", "1"]


def test_the_search_ends_with_what_is_left():
    run = started(shortened(gapless.methods.get("darts-pt", "quick")), SPACES[1])
    arch = advance(run)
    assert list(run.choices) == [arch]
    assert all(np.all(group.mask.sum(1) == 1) for group in run.choices.groups())


@pytest.mark.parametrize(("relax", "words"), [(None, "the stage has no relaxation"), (Gumbel(), "are drawn")])
def test_what_does_not_go_together_is_said(relax, words):
    recipe = gapless.methods.get("darts-pt", "quick")
    stages = tuple(replace(stage, relax=relax) for stage in recipe.stages)
    assert any(words in line for line in conflicts(replace(recipe, stages=stages), SPACES[0][0]))
