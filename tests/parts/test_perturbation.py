"""Perturbation-based selection against plain loops, and in real searches."""

import zlib
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
from gapless.parts.mask.perturbation import DECISIONS, Perturbation, strongest, surviving
from gapless.parts.relax.gumbel import Gumbel
from gapless.testing.methods import SPACES, advance, shortened, started


def scored(levels, salt):
    return lambda gone: zlib.crc32(f"{salt}/{sorted(gone)}".encode()) % levels / levels


@settings(derandomize=True, deadline=None)
@given(st.integers(2, 7), st.integers(1, 3), st.integers(1, 6), st.integers(0, 10**6))
def test_what_stays(n, picks, levels, salt):
    names, accuracy = [f"o{i}" for i in range(n)], scored(levels, salt)
    choice = Choice("c", dict.fromkeys(names), pick=min(picks, n))
    asked = lambda path, gone: accuracy(frozenset(gone))  # noqa: E731
    alone = {name: accuracy({name}) for name in names}
    assert strongest(("c",), choice, asked) == oracle.options(names, alone, min(picks, n))
    assert surviving(("c",), choice, asked) == oracle.edges(names, accuracy, min(picks, n))


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
    assert kept == oracle.options(group.options, by_row[decided[0]])
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
