"""Node-normalised gates: sigmoids in the forward, shares of a node in comparisons."""

import numpy as np
import pytest
import torch
from tests.oracles import gates as oracle

from gapless.core import Progress, Streams
from gapless.parts.relax.node_normalised import NodeNormalised

from .test_gate import NODES, group_of


@pytest.mark.parametrize("space", NODES)
def test_values_and_shares(space):
    choices = NODES[space][0]
    group, node = group_of(space)
    rng = np.random.default_rng(0)
    alpha = {g.name: torch.from_numpy(rng.standard_normal(g.mask.shape)) for g in choices.groups()}
    relax, a = NodeNormalised(), alpha[group.name].numpy()
    gate = relax(alpha, choices, Progress(), Streams(0).generator("unused"))[group.name]
    expected = oracle.smooth(a, group.mask, node, "sigmoid", "nothing", 1.0)
    np.testing.assert_allclose(gate.weight.numpy(), expected, rtol=1e-10)
    shares = relax.strengths(alpha, choices, Progress())[group.name].numpy()
    expected = oracle.smooth(a, group.pickable, node, "sigmoid", "node", 1.0)
    np.testing.assert_allclose(shares, expected, rtol=1e-10)
    assert not shares[~group.pickable].any()


def test_all_gates_begin_equal():
    choices, relax = NODES["nb201"][0], NodeNormalised()
    alpha = {n: torch.from_numpy(v) for n, v in relax.init(choices, Streams(0).generator("a")).items()}
    shares = relax.strengths(alpha, choices, Progress())["edges"].numpy()
    np.testing.assert_allclose(
        shares, np.array([1, 1 / 2, 1 / 2, 1 / 3, 1 / 3, 1 / 3])[:, None] / 5 * np.ones(5), rtol=1e-6
    )
