"""Parts of P-DARTS against lists: what stages drop, how skips are thinned out and limited."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.engine import toys
from tests.oracles import p_darts as oracle

import gapless.methods
from gapless.core import Arch, Progress
from gapless.core.errors import BadValue
from gapless.engine.check import conflicts
from gapless.parts.mask.lowest_k import LowestK
from gapless.parts.mask.skip_limit import SkipLimit
from gapless.parts.mask.strongest import Strongest
from gapless.parts.perturb.skip_dropout import Fading, SkipDropout
from gapless.spaces.darts import Darts
from gapless.spaces.nb201 import Nb201
from gapless.testing.methods import advance

EXACT = 1e-10


class At:
    def __init__(self, choices, epoch, epochs=25):
        self.choices, self.progress = choices, Progress(epoch, epochs, epoch, epochs)


def rows(table, names):
    return [dict(zip(names, row, strict=True)) for row in table.tolist()]


@pytest.mark.parametrize("k", [1, 3, 5, 8])
def test_k_strongest_are_left(k):
    choices, rng = Darts().choices, np.random.default_rng(0)
    gates = {kind: rng.random((14, 8)) for kind in ("normal", "reduce")}
    assert LowestK(k)(At(choices, 24), gates) is None
    smaller = LowestK(k)(At(choices, 25), gates)
    for group, after in zip(choices.groups(), smaller.groups(), strict=True):
        assert group.rows == after.rows
        for row, each in enumerate(rows(gates[group.name], group.options)):
            left = {o for o, has in zip(after.options, after.mask[row], strict=True) if has}
            expected = oracle.kept(each, k)
            if expected == {"none"}:
                expected = oracle.kept({o: p for o, p in each.items() if o != "none"}, 1)
            assert left == expected


def test_a_stage_keeps_one_at_least():
    with pytest.raises(BadValue, match="at least 1"):
        LowestK(0)


@pytest.mark.parametrize("most", range(9))
def test_skips_are_limited(most):
    choices, rng = Darts().choices, np.random.default_rng(most)
    normal, reduce = choices.groups()
    seen = set()
    for _ in range(20):
        gates = {kind: rng.random((14, 8)) for kind in ("normal", "reduce")}
        gates["normal"][:, normal.options.index("skip_connect")] += 0.4
        found = SkipLimit(most)(choices, gates)
        cells = {
            "normal": oracle.limited(rows(gates["normal"], normal.options), most, "skip_connect"),
            "reduce": oracle.cell(rows(gates["reduce"], reduce.options)),
        }
        picks = {
            f"{kind}/{node}": {str(source): {"op": o} for source, o in inputs.items()}
            for kind, nodes in cells.items()
            for node, inputs in nodes.items()
        }
        assert found == Arch.of(picks)
        seen.add(found == Strongest()(choices, gates))
    assert (False in seen) == (most < 8)


def test_where_nothing_else_is_left():
    choices = Nb201().choices.restrict(lambda path, option: option == "skip_connect")
    found = SkipLimit(0)(choices, {"edges": np.ones((6, 1))})
    assert all(found.option(edge) == "skip_connect" for edge in found)


@pytest.mark.parametrize("start", [0.0, 0.1, 0.7])
def test_rates(start):
    found = [Fading(start)(Progress(e, 25, e, 25)) for e in range(25)]
    assert np.abs(np.array(found) - oracle.dropout(start)).max() < EXACT


@pytest.mark.parametrize("tiny", [toys.CHAIN, toys.DARTS], ids=["chain", "darts"])
def test_skips_without_parameters_are_thinned_out(tiny):
    run = toys.run(tiny, epochs=4, perturb=(SkipDropout(0.5),))
    mix, batch = run.mix(), run.batches()[0]
    found = run.perturbed(mix, batch)
    where = {
        (name, path, option)
        for group in run.choices.groups()
        for name, gate in ((group.name, found[group.name]),)
        for row, path in enumerate(group.rows)
        for column, option in enumerate(group.options)
        if gate.dropout[row, column] == 0.5
    }
    assert {option for *_, option in where} <= {"skip_connect", "identity"}
    if tiny is toys.DARTS:
        assert {(name, path[1]) for name, path, _ in where} == {
            ("normal", "0"), ("normal", "1"), ("normal", "2"), ("reduce", "2"),
        }  # fmt: skip
    assert where
    x, _ = batch
    with torch.random.fork_rng():
        torch.manual_seed(0)
        thinned = run.net(x, found)
        torch.manual_seed(0)
        assert not torch.equal(thinned, run.net(x, mix))
        run.net.eval()
        assert torch.equal(run.net(x, found), run.net(x, mix))


def test_rate_0_changes_nothing_and_two_rates_multiply():
    run = toys.run(toys.DARTS)
    mix, batch = run.mix(), run.batches()[0]
    assert SkipDropout(0.0)(run, mix, batch) is mix
    twice = SkipDropout(0.5)(run, SkipDropout(0.2)(run, mix, batch), batch)
    assert twice["normal"].dropout.max() == pytest.approx(0.6)


def test_what_does_not_go_together_is_said():
    space = toys.CHAIN[0]
    assert "rate from 0 to below 1" in conflicts(toys.recipe(perturb=(SkipDropout(1.0),)), space)[0]
    assert "'lowest k' compares" in conflicts(toys.recipe("spos", mask=LowestK()), space)[0]


def test_stages_as_published():
    recipe = gapless.methods.get("p-darts")
    assert [(s.epochs, s.freeze_alpha, s.fresh) for s in recipe.stages] == [(25, 0.4, True)] * 3
    paper = Darts().presets["paper"].search
    assert [s.reshaped(paper).depth for s in recipe.stages] == [5, 11, 17]
    assert [s.perturb[0].rate.start for s in recipe.stages] == [0.1, 0.4, 0.7]
    weights, alphas = recipe.weights, recipe.alphas
    assert (recipe.batch, weights.lr.start, weights.lr.end, alphas.lr) == (96, 0.025, 0.0, 6e-4)


def test_the_space_shrinks_while_the_network_grows():
    recipe = gapless.methods.get("p-darts", "quick").scaled(3)
    recipe = replace(recipe, batch=8)
    space = Darts(2, ("max_pool_3x3", "skip_connect", "sep_conv_3x3", "dil_conv_3x3", "dil_conv_5x5"))
    run, seen = toys.started(recipe, (space, toys.DARTS[1])), []
    while not run.finished:
        seen.append((len(run.net.cells), max(int(g.mask.sum(1).max()) for g in run.choices.groups())))
        before, stage = run, run.progress.stage
        while run.progress.step < run.progress.steps:
            run.step()
            if run.epoch_ended:
                run.end_epoch()
        if not run.finished:
            run.next_stage()
            assert run.progress.stage == stage + 1
            assert before.total > 0
    assert seen == [(3, 6), (4, 5), (5, 3)]
    assert advance(run) in space.choices
