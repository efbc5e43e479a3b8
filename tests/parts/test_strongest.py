"""Strongest against the genotype rule of DARTS (section 2.4), by brute force over pairs of edges."""

from itertools import combinations

import numpy as np
import pytest

from gapless.core import Arch, Choice, Space
from gapless.parts.mask.strongest import Strongest
from gapless.spaces.darts import OPERATIONS, Darts

COLUMNS = ("none", *OPERATIONS)


def genotype(gates, nodes):
    """For each node the pair of edges with the largest strengths, the earliest pair of equal ones."""
    cell, row = {}, 0
    for node in range(2, 2 + nodes):
        rows = gates[row : row + node]
        row += node
        without = [[v for v, name in zip(r, COLUMNS, strict=True) if name != "none"] for r in rows]
        strength = [max(values) for values in without]
        pairs = combinations(range(node), 2)
        best = max(pairs, key=lambda pair: sorted((strength[e] for e in pair), reverse=True))
        cell[node] = {str(edge): {"op": OPERATIONS[without[edge].index(strength[edge])]} for edge in best}
    return cell


def expected(gates, nodes):
    cells = {kind: genotype(gates[kind], nodes) for kind in ("normal", "reduce")}
    return Arch.of({f"{kind}/{node}": edges for kind, cell in cells.items() for node, edges in cell.items()})


@pytest.mark.parametrize("nodes", [2, 4])
def test_is_the_genotype(nodes):
    draw, space = np.random.default_rng(0), Darts(nodes)
    rows = sum(range(2, 2 + nodes))
    for _ in range(200):
        gates = {kind: draw.dirichlet(np.full(8, 0.5), size=rows) for kind in ("normal", "reduce")}
        found = Strongest()(space.choices, gates)
        assert found == expected(gates, nodes)
        assert found in space.choices


def test_ties_go_to_the_earlier_edge_and_the_earlier_operation():
    draw, space = np.random.default_rng(1), Darts()
    for _ in range(200):
        gates = {kind: draw.integers(0, 3, size=(14, 8)) / 4 for kind in ("normal", "reduce")}
        assert Strongest()(space.choices, gates) == expected(gates, 4)
    flat = {kind: np.full((14, 8), 1 / 8) for kind in ("normal", "reduce")}
    for _, edges in Strongest()(space.choices, flat).picks:
        assert [source for source, _ in edges] == ["0", "1"]
        assert [arch.option("op") for _, arch in edges] == ["max_pool_3x3"] * 2


def test_none_competes_in_the_softmax_and_never_survives():
    gates = {kind: np.full((14, 8), 0.01) for kind in ("normal", "reduce")}
    for table in gates.values():
        table[:, 0] = 0.9
        table[0, 3] = 0.02
    arch = Strongest()(Darts().choices, gates)
    assert arch["normal/2"]["0"].option("op") == "skip_connect"
    assert "none" not in str(arch)


def test_a_leaf_picks_several_and_skips_what_a_row_lacks():
    choices = Space(
        (Choice("a", dict.fromkeys("xyz"), pick=2, group="g"), Choice("b", dict.fromkeys("zw"), group="g"))
    )
    (group,) = choices.groups()
    assert group.options == ("x", "y", "z", "w")
    gates = {"g": np.array([[0.1, 0.5, 0.4, 9.0], [9.0, 9.0, 0.3, 0.7]])}
    assert Strongest()(choices, gates) == Arch.of({"a": ["y", "z"], "b": "w"})
