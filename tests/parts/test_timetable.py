"""Tables of latencies in the expected cost, against NumPy."""

from dataclasses import replace

import numpy as np
import pytest
from tests.oracles import costs as oracle

import gapless.methods
from gapless.core.errors import BadValue
from gapless.engine.check import conflicts
from gapless.engine.recipe import plain
from gapless.job.settings import spread
from gapless.parts.regularize.cost import ExpectedCost
from gapless.testing.methods import SPACES, advance, shortened, started

CHAIN = {"identity": 0.5, "k3e1": 1.25, "k3e2": 2.0, "layer1=k3e1": 7.5}
CELLS = {
    "max_pool_3x3": 0.25, "skip_connect": 0.125, "dil_conv_3x3": 3.0, "normal/3/1/op=dil_conv_3x3": 9.0,
}  # fmt: skip
TABLES = [CHAIN, CELLS]


def searching(part, tiny):
    recipe = shortened(gapless.methods.get("darts", "quick"))
    stage = replace(recipe.stages[0], regularize=(part,))
    return started(replace(recipe, stages=(stage,)), tiny, double=True)


def laid_out(table, group):
    """An option at a choice before the option anywhere; none, which the super-network has beside, is free."""
    out = np.zeros(group.mask.shape)
    for row, path in enumerate(group.rows):
        for column, option in enumerate(group.options):
            if option != "none":
                out[row, column] = table.get(f"{'/'.join(path)}={option}", table.get(option))
    return out


@pytest.mark.parametrize(("table", "tiny"), list(zip(TABLES, SPACES, strict=True)), ids=["chain", "darts"])
def test_forms(table, tiny):
    run = searching(ExpectedCost(table=table), tiny)
    groups = run.choices.groups()
    gates = {name: gate.weight.detach().numpy() for name, gate in run.mix().items()}
    costs, present = {g.name: laid_out(table, g) for g in groups}, {g.name: g.mask for g in groups}
    value, even = oracle.expected(gates, costs, present), oracle.even(costs, present)
    expected = {"plain": value, "log": np.log(value), "relative": oracle.relative(value, even)}
    for form, number in expected.items():
        found = ExpectedCost(0.3, form, table=table)(run, run.mix()).item()
        assert found == pytest.approx(0.3 * number, rel=1e-12, abs=1e-12)
    assert not run.prices, "nothing is counted where times are given"


def test_a_heavy_weight_finds_what_is_fast_and_not_what_is_small():
    table = {"identity": 5.0, "k3e1": 5.0, "k3e2": 1.0, "layer1=k3e1": 0.5}
    run = searching(ExpectedCost(1e4, table=table), SPACES[0])
    run.alphas.optim = replace(run.alphas.optim, lr=1.0)
    arch = advance(run)
    assert [arch.option(f"layer{i}") for i in range(2)] == ["k3e2", "k3e1"]


def test_below_a_millisecond_the_logarithm_still_has_a_slope():
    run = searching(ExpectedCost(1.0, "log", table={n: ms / 1e3 for n, ms in CHAIN.items()}), SPACES[0])
    other = searching(ExpectedCost(1.0, "log", table=CHAIN), SPACES[0])
    pair = [each.penalty(each.mix()).item() for each in (run, other)]
    assert pair[0] == pytest.approx(pair[1] - np.log(1e3), rel=1e-10)


def test_equal_tables_make_equal_parts():
    part = ExpectedCost(table=CHAIN)
    assert part == ExpectedCost(table=tuple(reversed(CHAIN.items())))
    assert hash(part) == hash(ExpectedCost(table=part.table))
    assert plain(part)["table"][0] == ["identity", 0.5]
    recipe = gapless.methods.get("proxylessnas", "quick")
    sets = (("regularize.0.table", "(('identity', 1), ('k3e3', 2.5))"),)
    changed = spread(sets, {"recipe": recipe})["recipe"]
    assert changed.stages[1].regularize[0].table == (("identity", 1.0), ("k3e3", 2.5))
    assert changed.fingerprint != recipe.fingerprint


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"identity": -1.0}, "-1.0 for 'identity'"),
        ({"identity": float("nan")}, "nan for 'identity'"),
        ({"identity": "fast"}, "fast for 'identity'"),
        ((("identity", 1.0), ("identity", 2.0)), "identity twice"),
    ],
)
def test_times_that_are_none_are_refused(table, words):
    with pytest.raises(BadValue, match=words):
        ExpectedCost(table=table)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"identity": 1.0, "k3e1": 1.0}, "no time for 'layer0=k3e2', 'layer1=k3e2'"),
        ({"identity": 1.0}, "'layer0=k3e1', 'layer0=k3e2', 'layer1=k3e1' and 1 more"),
        (CHAIN | {"k3e9": 1.0, "layer7=k3e1": 1.0}, "what no choice has: 'k3e9', 'layer7=k3e1'"),
    ],
)
def test_tables_that_do_not_fit_are_said(table, words):
    recipe = gapless.methods.get("darts", "quick")
    stage = replace(recipe.stages[0], regularize=(ExpectedCost(table=table),))
    assert words in conflicts(replace(recipe, stages=(stage,)), SPACES[0][0])[0]
