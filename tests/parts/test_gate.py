"""The gate function against its equations, in float64, and its draws against their probabilities."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2
from tests.oracles import gates as oracle

from gapless.core import Choice, Space, Streams
from gapless.core.errors import BadValue
from gapless.parts.relax.gate import gate
from gapless.spaces.darts import Darts
from gapless.spaces.nb201 import Nb201

from .test_softmax import UNEQUAL

ERROR = 1e-6
NODES = {
    "unequal": (UNEQUAL, "g", [0, 1, 2]),
    "darts": (Darts().choices, "normal", [0] * 2 + [1] * 3 + [2] * 4 + [3] * 5),
    "nb201": (Nb201().choices, "edges", [0, 1, 1, 2, 2, 2]),
}
KINDS = [(phi, over) for phi in ("exp", "sigmoid") for over in ("row", "node", "nothing")]
HARD = [kind for kind in KINDS if kind != ("exp", "nothing")]
DRAWN = settings(derandomize=True, deadline=None, max_examples=12)


def group_of(name):
    choices, group, node = NODES[name]
    return next(g for g in choices.groups() if g.name == group), np.array(node)


def given_alpha(group, seed, scale=1.0):
    a = scale * np.random.default_rng(seed).standard_normal(group.mask.shape)
    return a, {group.name: torch.from_numpy(a.copy()).requires_grad_()}


def rng(seed):
    return Streams(seed).generator("gate")


def noise(group, seed, over):
    """What is drawn: Gumbel noise, or the difference of two where nothing competes."""
    draw = rng(seed)
    first = draw.gumbel(size=group.mask.shape)
    return first if over != "nothing" else first - draw.gumbel(size=group.mask.shape)


def slope(weight, alpha, upstream):
    (table,) = alpha.values()
    (found,) = torch.autograd.grad((weight * torch.from_numpy(upstream)).sum(), table)
    return found.numpy()


def near(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("space", NODES)
@pytest.mark.parametrize(("phi", "over"), KINDS)
@DRAWN
@given(seed=st.integers(0, 2**31), t=st.floats(0.2, 5), scale=st.sampled_from([1e-3, 1.0, 4.0]))
def test_smooth_gates_and_their_gradient(space, phi, over, seed, t, scale):
    group, node = group_of(space)
    a, alpha = given_alpha(group, seed, scale)
    upstream = np.random.default_rng(seed + 1).standard_normal(a.shape)
    for draw, moved in (("nothing", a), ("soft", a + noise(group, seed, over))):
        found = gate(alpha, group, phi, over, t, draw, rng(seed))
        near(found.weight.detach().numpy(), oracle.smooth(moved, group.mask, node, phi, over, t))
        expected = oracle.gradient(moved, group.mask, node, phi, over, t, upstream)
        near(slope(found.weight, alpha, upstream), expected)
        assert np.array_equal(group.mask if found.active is None else found.active, group.mask)


@pytest.mark.parametrize("space", NODES)
@pytest.mark.parametrize(("phi", "over"), HARD)
@DRAWN
@given(seed=st.integers(0, 2**31), t=st.floats(0.2, 5))
def test_hard_gates_carry_the_gradient_of_smooth_ones(space, phi, over, seed, t):
    group, node = group_of(space)
    a, alpha = given_alpha(group, seed)
    upstream, drawn = np.random.default_rng(seed + 1).standard_normal(a.shape), noise(group, seed, over)
    with np.errstate(divide="ignore"):
        logs = np.log(oracle.smooth(a, group.mask, node, phi, over, t))
    by_s = (a / t if over == "nothing" else logs) + drawn
    cases = {"straight-through": (a + drawn, a + drawn), "sampled": (by_s, a)}
    for draw, (compared, moved) in cases.items():
        found = gate(alpha, group, phi, over, t, draw, rng(seed))
        chosen = oracle.hard(compared, group.mask, node, phi, over)
        assert np.array_equal(found.weight.detach().numpy(), chosen)
        assert found.active.dtype == np.bool_
        assert np.array_equal(found.active, chosen == 1)
        expected = oracle.gradient(moved, group.mask, node, phi, over, t, upstream)
        near(slope(found.weight, alpha, upstream), expected)


def test_hard_exponentials_must_compete():
    group, _ = group_of("darts")
    _, alpha = given_alpha(group, 0)
    with pytest.raises(BadValue, match="normalise over 'row' or 'node'"):
        gate(alpha, group, "exp", "nothing", draw="straight-through", rng=rng(0))


def fits(counts, p):
    expected = np.asarray(p) * counts.sum()
    return ((counts - expected) ** 2 / expected).sum() < chi2.isf(ERROR, len(counts) - 1)


@pytest.mark.parametrize("draw", ["straight-through", "sampled"])
def test_operations_are_drawn_with_their_probabilities(draw):
    """Softmax of alpha whatever the temperature, or of alpha over the temperature."""
    (group,) = Space((Choice("a", dict.fromkeys("wxyz"), group="g"),)).groups()
    a, t = np.array([[0.0, 1.0, -0.5, 0.7]]), 2.5
    alpha, streams, counts = {"g": torch.from_numpy(a)}, Streams(7), np.zeros(4)
    for i in range(4000):
        counts += (
            gate(alpha, group, temperature=t, draw=draw, rng=streams.generator("g", i)).weight[0].numpy()
        )
    by = {"straight-through": 1.0, "sampled": t}
    p = {name: np.exp(a[0] / s) / np.exp(a[0] / s).sum() for name, s in by.items()}
    assert fits(counts, p[draw])
    assert not fits(counts, next(p[name] for name in p if name != draw)), "the test cannot tell them apart"


def test_shares_of_sigmoids_are_drawn_with_their_probabilities():
    (group,) = Space((Choice("a", dict.fromkeys("wxyz"), group="g"),)).groups()
    a, t = np.array([[0.0, 1.0, -1.5, 3.0]]), 0.5
    alpha, streams, counts = {"g": torch.from_numpy(a)}, Streams(9), np.zeros(4)
    for i in range(4000):
        rng = streams.generator("g", i)
        counts += gate(alpha, group, "sigmoid", "row", t, "sampled", rng).weight[0].numpy()
    opened = 1 / (1 + np.exp(-a[0] / t))
    assert fits(counts, opened / opened.sum())
    assert not fits(counts, np.exp(a[0]) / np.exp(a[0]).sum()), "the test cannot tell them apart"


def test_sigmoids_are_drawn_with_their_probabilities():
    (group,) = Space((Choice("a", dict.fromkeys("wxyz"), group="g"),)).groups()
    a, t, n = np.array([[0.0, 1.0, -1.5, 3.0]]), 2.0, 4000
    alpha, streams, counts = {"g": torch.from_numpy(a)}, Streams(8), np.zeros(4)
    for i in range(n):
        rng = streams.generator("g", i)
        counts += gate(alpha, group, "sigmoid", "nothing", t, "sampled", rng).weight[0].numpy()
    for count, p in zip(counts, 1 / (1 + np.exp(-a[0] / t)), strict=True):
        assert fits(np.array([count, n - count]), [p, 1 - p])
