"""Edge normalisation against NumPy in float64."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracles import edge_product as oracle

import gapless.spaces
from gapless.core import Choice, Linear, Progress, Space, Streams
from gapless.parts.relax.edge_product import EdgeProduct
from gapless.parts.relax.softmax import Softmax
from gapless.spaces.darts import Darts

RNG = Streams(0).generator("unused")
EDGE = Space((Choice("op", dict.fromkeys("xy"), group="g", relaxed_only=("none",)),))
FEWER = Space((Choice("op", dict.fromkeys("y"), group="g"),))
UNEQUAL = Space(
    (Choice("a", {"0": EDGE, "1": FEWER}), Choice("b", {"0": FEWER, "1": EDGE, "2": EDGE}, pick=2))
)
CELLS = {
    "darts": (Darts().choices, lambda path: path[0]),
    "nb201": (gapless.spaces.get("nb201").choices, lambda path: path[0].split("-")[1]),
    "chain": (gapless.spaces.get("chain").choices, lambda path: path[0]),
    "unequal": (UNEQUAL, lambda path: path[0]),
}


def drawn(choices, seed, scale):
    """alpha and beta of every group in float64."""
    draw, tables = np.random.default_rng(seed), {}
    for group in choices.groups():
        tables[group.name] = torch.from_numpy(scale * draw.standard_normal(group.mask.shape))
        tables[f"{group.name}|edge"] = torch.from_numpy(scale * draw.standard_normal((len(group.rows), 1)))
    return {name: table.requires_grad_() for name, table in tables.items()}


def in_numpy(alpha, group, node_of):
    table, beta = (alpha[name].detach().numpy() for name in (group.name, f"{group.name}|edge"))
    return table, beta[:, 0], [node_of(path) for path in group.rows], group.mask


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.sampled_from([1e-3, 1.0, 30.0]), st.floats(0.1, 10))
@pytest.mark.parametrize("cell", CELLS)
def test_values(cell, seed, scale, temperature):
    choices, node_of = CELLS[cell]
    alpha = drawn(choices, seed, scale)
    schedule = Linear(temperature, 5 * temperature)
    for t, expected_t in ((temperature, temperature), (schedule, 2 * temperature)):
        part, progress = EdgeProduct(temperature=t), Progress(step=1, steps=4)
        mix, strengths = part(alpha, choices, progress, RNG), part.strengths(alpha, choices, progress)
        for group in choices.groups():
            expected = oracle.gates(*in_numpy(alpha, group, node_of), expected_t)
            found = mix[group.name].weight.detach().numpy()
            np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-300)
            assert torch.equal(strengths[group.name], mix[group.name].weight)
            active = mix[group.name].active
            assert np.array_equal(group.mask if active is None else active, group.mask)


@pytest.mark.parametrize("cell", CELLS)
def test_slopes(cell):
    choices, node_of = CELLS[cell]
    alpha = drawn(choices, 5, 1.0)
    mix = EdgeProduct(temperature=0.7)(alpha, choices, Progress(), RNG)
    for group in choices.groups():
        weight = mix[group.name].weight
        upstream = torch.linspace(-1, 2, weight.numel(), dtype=torch.float64).view_as(weight)
        tables = [alpha[group.name], alpha[f"{group.name}|edge"]]
        found = torch.autograd.grad((weight * upstream).sum(), tables)
        expected = oracle.slopes(*in_numpy(alpha, group, node_of), upstream.numpy(), 0.7)
        np.testing.assert_allclose(found[0].numpy(), expected[0], rtol=0, atol=1e-12)
        np.testing.assert_allclose(found[1].numpy()[:, 0], expected[1], rtol=0, atol=1e-12)
        assert (np.abs(expected[1]).max() > 1e-3) == (cell != "chain"), "a lone edge has nothing to win"


def test_what_enters_a_node_adds_up_to_one():
    choices = Darts().choices
    found = EdgeProduct().strengths(drawn(choices, 1, 2.0), choices, Progress())["normal"]
    for rows in (slice(0, 2), slice(2, 5), slice(5, 9), slice(9, 14)):
        assert found[rows].sum().item() == pytest.approx(1, abs=1e-14)


def test_edges_alike_are_the_softmax_shared_out():
    choices = Darts().choices
    alpha = drawn(choices, 2, 1.0)
    for name in ("normal|edge", "reduce|edge"):
        alpha[name] = torch.full_like(alpha[name], 0.3)
    product = EdgeProduct().strengths(alpha, choices, Progress())
    plain = Softmax().strengths(alpha, choices, Progress())
    entering = torch.tensor([2] * 2 + [3] * 3 + [4] * 4 + [5] * 5, dtype=torch.float64)[:, None]
    for name in ("normal", "reduce"):
        torch.testing.assert_close(product[name] * entering, plain[name], rtol=0, atol=1e-14)


def test_initial_values():
    """Normal with deviations of 1e-3 and 0.1; 224 and 28 values, so the bounds are five standard errors."""
    alpha = EdgeProduct(edge_scale=0.1).init(Darts().choices, Streams(3).generator("alpha"))
    shapes = {"normal": (14, 8), "normal|edge": (14, 1), "reduce": (14, 8), "reduce|edge": (14, 1)}
    assert {name: table.shape for name, table in alpha.items()} == shapes
    assert {table.dtype for table in alpha.values()} == {np.dtype(np.float32)}
    for names, scale in ((("normal", "reduce"), 1e-3), (("normal|edge", "reduce|edge"), 0.1)):
        values = np.concatenate([alpha[name].ravel() for name in names]) / scale
        assert abs(values.mean()) < 5 / np.sqrt(values.size)
        assert abs(values.std() - 1) < 5 / np.sqrt(2 * values.size)
    one_draw = EdgeProduct().init(Darts().choices, Streams(3).generator("alpha"))
    np.testing.assert_array_equal(one_draw["normal"], alpha["normal"])
