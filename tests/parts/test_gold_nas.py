"""The penalty on live operations and gradual pruning, against the plain rules."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from tests.oracles import gold_nas as oracle

import gapless.data
import gapless.methods
from gapless.core import Choice, Space, Streams
from gapless.engine.check import conflicts
from gapless.engine.loop import search
from gapless.engine.run import Run
from gapless.nets.gate import Gate
from gapless.parts.mask.gradual import DELTA, QUIET, Gradual
from gapless.parts.mask.skip_limit import skips_of
from gapless.parts.regularize.live_cost import PRICE, LiveCost
from gapless.spaces.contract import Shape
from gapless.spaces.gold_nas import GoldNas

RECIPE = gapless.methods.get("gold-nas", "quick")
TINY = GoldNas(cells=2, nodes=2)
DIGITS = gapless.data.get("digits", limit=60)


def started(recipe=RECIPE, space=TINY):
    return Run(
        replace(recipe, batch=8), space, Shape(2, affine=False), DIGITS, Streams(0), torch.device("cpu")
    )


def by_node(choices, tables):
    """One dictionary a node; names carry group and row."""
    nodes = {}
    for group in choices.groups():
        for row, entered in enumerate(group.enters):
            for column, option in enumerate(group.options):
                if group.pickable[row, column]:
                    name = group.rows[row], option
                    nodes.setdefault((group.name, entered), {})[name] = float(tables[group.name][row, column])
    return list(nodes.values())


def drawn(choices, seed, sharp=1.0):
    rng = np.random.default_rng(seed)
    return {g.name: np.exp(sharp * rng.standard_normal(g.mask.shape)) * g.mask for g in choices.groups()}


def mix_of(tables):
    return {name: Gate(torch.from_numpy(table).requires_grad_()) for name, table in tables.items()}


@pytest.mark.parametrize("mu", [0.0, 3.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_penalty(seed, mu):
    run, tables = started(), drawn(TINY.choices, seed, sharp=2.0)
    run.extra[PRICE].fill_(0.25)
    macs = {}
    for table, node in zip(
        by_node(TINY.choices, run.costs("macs")), by_node(TINY.choices, tables), strict=True
    ):
        assert set(table) == set(node)
        macs |= table
    nodes = by_node(TINY.choices, tables)
    assert any(pi <= 0.01 for node in nodes for pi in oracle.shares(node).values()) or seed
    expected = 0.25 * oracle.penalty(nodes, r=0.7, mu=mu, macs=macs)
    found = LiveCost(each=0.7, per_million=mu)(run, mix_of(tables))
    assert abs(found.item() - expected) <= 1e-10 * max(1.0, expected)


def test_the_gradient_of_the_penalty():
    run, tables, step = started(), drawn(TINY.choices, 5), 1e-6
    run.extra[PRICE].fill_(1.0)
    mix = mix_of(tables)
    LiveCost()(run, mix).backward()
    for name, gate in mix.items():
        assert not gate.weight.grad[~torch.from_numpy(tables[name] > 0)].any()
        for row, column in np.argwhere(tables[name] > 0):
            sides = []
            for sign in (1, -1):
                moved = {n: t.copy() for n, t in tables.items()}
                moved[name][row, column] += sign * step
                sides.append(oracle.penalty(by_node(TINY.choices, moved)))
            slope = (sides[0] - sides[1]) / (2 * step)
            assert abs(gate.weight.grad[row, column].item() - slope) < 1e-6


def test_at_a_price_of_zero_nothing_is_charged():
    assert LiveCost()(started(), mix_of(drawn(TINY.choices, 0))).item() == 0


@pytest.mark.parametrize("rounds", [1, 4])
@pytest.mark.parametrize("ceiling", [0.0, 0.05, 0.3, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_who_dies(seed, ceiling, rounds):
    choices = GoldNas(cells=2).choices
    tables = drawn(choices, seed, sharp=1.5)
    found = Gradual(0.01, ceiling, rounds).going(choices, tables)
    assert found == oracle.dying(by_node(choices, tables), 0.01, ceiling, rounds)
    smaller = choices.restrict(lambda path, option: (path, option) not in found)
    assert all(len(choice.options) >= 1 for choice in smaller.choices)


def test_an_edge_of_several_operations_keeps_what_an_architecture_needs():
    edge = Space((Choice("op", dict.fromkeys("xyz"), group="g"),))
    choices = Space((Choice("node", {"0": edge, "1": edge, "2": edge}, pick=2),))
    weak = {"g": np.array([[1e-6, 1e-7, 1e-8], [1.0, 2.0, 3.0], [1e-6, 2.0, 1e-3]])}
    found = Gradual().going(choices, weak)
    assert found == {
        (("node", "0", "op"), "y"), (("node", "0", "op"), "z"),
        (("node", "2", "op"), "x"), (("node", "2", "op"), "z"),
    }  # fmt: skip


def test_the_price_follows_the_deaths():
    run, died, prices = started(), [], []
    mask = Gradual(ceiling=0.2, at_once=2, step=1e-3, quiet=100)
    for epoch in range(8):
        gates = drawn(run.choices, epoch, sharp=0.1 if epoch % 3 else 1.5)
        died.append(len(mask.going(run.choices, gates)))
        smaller = mask(run, gates)
        assert (smaller is None) == (not died[-1])
        if smaller is not None:
            run.shrink(smaller)
        prices.append(float(run.extra[PRICE]))
        assert (int(run.extra[QUIET]) > 0) == (not died[-1])
    assert {number >= 2 for number in died} == {True, False}
    np.testing.assert_allclose(prices, oracle.controller(died, 2, 1e-3, 2.0), rtol=1e-10)
    assert float(run.extra[DELTA]) > 0


def test_one_run_yields_a_pareto_set():
    """Points are recorded when pruning resumes, and each has fewer operations than the one before."""
    stage = replace(RECIPE.stages[0], epochs=16, mask=Gradual(ceiling=0.2, step=5e-3, quiet=0))
    run = started(replace(RECIPE, stages=(stage,)))
    arch = search(run, lambda ended: None)
    front = run.stage.mask.points(run)
    assert len(front) >= 2
    for large, small in pairwise(front):
        assert large.cost["macs"] >= small.cost["macs"]
        assert large.cost["params"] > small.cost["params"] or large.arch != small.arch
    for record in front:
        assert record.arch in TINY.choices
        assert 0 <= record.metrics["accuracy"] <= 1
        active = TINY.choices.active(record.arch)
        whole = started().costs("macs")
        assert record.cost["macs"] == sum((whole[name] * active[name]).sum() for name in active)
    last = TINY.choices.active(arch)
    first = TINY.choices.active(front[0].arch)
    assert all((last[name] <= first[name]).all() for name in last)
    assert run.choices.size() >= 1


def test_what_does_not_go_together():
    alone = replace(RECIPE.stages[0], regularize=())
    assert any("live-cost" in line for line in conflicts(replace(RECIPE, stages=(alone,)), TINY))
    idle = replace(RECIPE.stages[0], mask=None)
    assert any("price of 0" in line for line in conflicts(replace(RECIPE, stages=(idle,)), TINY))
    assert not list(conflicts(RECIPE, TINY))


def test_skips_are_known_by_what_follows_their_source():
    edge = Choice("op", dict.fromkeys(("0:skip_connect", "1:skip_connect", "0:sep_conv_3x3")), pick=(1, 3))
    choices = Space((edge,))
    arch = choices.only(choices.at(choices.size() - 1)).at(0)
    picked = set(arch.picked_at(("op",)))
    found = skips_of(arch, choices.groups()[0])
    assert len(found) == len([option for option in picked if option.endswith("skip_connect")])
    assert found
