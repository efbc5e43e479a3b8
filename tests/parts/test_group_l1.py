"""The group lasso on gates against its equation."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tests.oracles import group_lasso as oracle

import gapless.methods
from gapless.core import Linear, Progress
from gapless.engine.check import conflicts
from gapless.nets.gate import Gate
from gapless.parts.regularize.group_l1 import GroupL1
from gapless.parts.relax.softmax import Softmax
from gapless.parts.sample.uniform import Uniform
from gapless.parts.update.paths import Paths
from gapless.spaces.darts import Darts
from gapless.spaces.nb201 import Nb201
from gapless.testing.methods import SPACES, advance, shortened, started

RECIPE = gapless.methods.get("fair-darts", "quick")
CHOICES = {
    "darts": (Darts().choices, lambda path: path[0]),
    "nb201": (Nb201().choices, lambda path: path[0].split("-")[1]),
}


def sets(group, over, node_of):
    """Places (row, column) of the members of each set."""
    found = {}
    for row, path in enumerate(group.rows):
        for column, may in enumerate(group.pickable[row]):
            if may:
                key = {"option": (row, column), "edge": row, "node": node_of(path)}[over]
                found.setdefault(key, []).append((row, column))
    return list(found.values())


@pytest.mark.parametrize("over", ["option", "edge", "node"])
@pytest.mark.parametrize("space", CHOICES)
def test_value_and_gradient(space, over):
    choices, node_of = CHOICES[space]
    draw, mix, expected = np.random.default_rng(0), {}, 0.0
    slopes = {}
    for group in choices.groups():
        table = draw.standard_normal(group.mask.shape)
        table[0] = 0.0
        slopes[group.name] = np.zeros_like(table)
        for places in sets(group, over, node_of):
            members = [table[at] for at in places]
            expected += oracle.penalty([members], 0.3)
            for at in places:
                slopes[group.name][at] = oracle.slope(members, table[at], 0.3)
        mix[group.name] = Gate(torch.from_numpy(table).requires_grad_())
    run = SimpleNamespace(choices=choices, progress=Progress(step=1, steps=4))
    found = GroupL1(Linear(0.2, 0.6), over)(run, mix)
    assert found.item() == pytest.approx(expected, rel=1e-12)
    found.backward()
    for name, gate in mix.items():
        np.testing.assert_allclose(gate.weight.grad.numpy(), slopes[name], rtol=0, atol=1e-12)


def test_a_search_with_it_has_smaller_gates():
    sums = []
    for weight in (0.0, 0.1):
        recipe = shortened(RECIPE)
        stage = replace(recipe.stages[0], regularize=(GroupL1(weight, "edge"),))
        run = started(replace(recipe, stages=(stage,)), SPACES[1])
        advance(run, 5)
        sums.append(sum(table.sum() for table in run.gates().values()))
    assert sums[1] < sums[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"relax": Softmax()}, "'Softmax' add up to 1"),
        ({"relax": None, "update": Paths(), "sample": Uniform()}, "the stage has none"),
        ({"regularize": (GroupL1(over="cell"),)}, "option, edge, node, not 'cell'"),
    ],
)
def test_what_makes_no_sense_is_said(changes, words):
    stage = replace(RECIPE.stages[0], **{"regularize": (GroupL1(),), **changes})
    assert any(words in line for line in conflicts(replace(RECIPE, stages=(stage,)), Darts()))


def test_sigmoid_gates_are_accepted():
    stage = replace(RECIPE.stages[0], regularize=(GroupL1(),))
    assert conflicts(replace(RECIPE, stages=(stage,)), Darts()) == []
