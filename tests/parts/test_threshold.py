"""Threshold against the published rule, in spaces with and without an operation that stands for nothing."""

import numpy as np
import pytest
from tests.oracles import threshold as oracle

from gapless.core import Arch, Choice, Space
from gapless.parts.mask.strongest import Strongest
from gapless.parts.mask.threshold import Threshold
from gapless.spaces.darts import OPERATIONS, Darts
from gapless.spaces.nb201 import EDGES, Nb201
from gapless.spaces.nb201 import OPERATIONS as FIVE


def rows(table, names):
    return [dict(zip(names, row, strict=True)) for row in table]


@pytest.mark.parametrize("least", [0.0, 0.5, 0.85, 2.0])
def test_nodes_keep_two_inputs(least):
    choices, rng = Darts().choices, np.random.default_rng(0)
    for _ in range(50):
        gates = {kind: rng.random((14, 8)) for kind in ("normal", "reduce")}
        found = Threshold(least)(choices, gates)
        picks = {}
        for kind, table in gates.items():
            for node, edges in oracle.cell(rows(table[:, 1:], OPERATIONS), 4, 2, least).items():
                picks[f"{kind}/{node}"] = {str(source): {"op": name} for source, name in edges.items()}
        assert found == Arch.of(picks)
        assert found in choices


@pytest.mark.parametrize("least", [0.0, 0.5, 0.85, 2.0])
def test_weak_edges_are_absent_where_they_may_be(least):
    choices, rng, seen = Nb201().choices, np.random.default_rng(0), set()
    for _ in range(50):
        gates = {"edges": rng.random((6, 5))}
        expected = oracle.edges(rows(gates["edges"], FIVE), "none", least)
        assert Threshold(least)(choices, gates) == Arch.of(dict(zip(EDGES, expected, strict=True)))
        seen |= {name == "none" for name in expected}
    assert seen == {0.0: {False}, 2.0: {True}}.get(least, {False, True})


def test_it_differs_from_the_strongest():
    gates = {"edges": np.tile([0.1, 0.8, 0.2, 0.3, 0.4], (6, 1))}
    choices = Nb201().choices
    assert {Threshold()(choices, gates).option(edge) for edge in EDGES} == {"none"}
    assert {Strongest()(choices, gates).option(edge) for edge in EDGES} == {"skip_connect"}


def test_an_edge_above_the_threshold_goes_before_an_absent_one():
    edge = Space((Choice("op", dict.fromkeys(("none", "x", "y")), group="g"),))
    choices = Space((Choice("node", {"0": edge, "1": edge, "2": edge}, pick=2),))
    gates = {"g": np.array([[0.99, 0.2, 0.3], [0.0, 0.1, 0.9], [0.99, 0.86, 0.2]])}
    found = Threshold()(choices, gates)
    assert found == Arch.of({"node": {"1": {"op": "y"}, "2": {"op": "x"}}})
