"""The parts of DA2S against their equations: gates, entropies, live edges, schedules, what is read off."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracles import da2s as oracle

import gapless.methods
import gapless.spaces
from gapless.core import Progress, Streams
from gapless.engine.check import conflicts
from gapless.parts.mask.edges_first import EdgesFirst
from gapless.parts.regularize.entropy import Entropy, Rising
from gapless.parts.regularize.live_edges import LiveEdges
from gapless.parts.relax.capped_product import CappedProduct
from gapless.parts.sample.uniform import Uniform
from gapless.parts.update.paths import Paths
from gapless.spaces.darts import Darts
from gapless.testing.methods import SPACES, advance, shortened, started

RNG = Streams(0).generator("unused")
PUBLISHED = gapless.methods.get("da2s")
CELLS = {
    "darts": (Darts().choices, lambda path: path[0], lambda node: 2),
    "nb201": (gapless.spaces.get("nb201").choices, lambda path: path[0].split("-")[1], lambda node: 9),
    "chain": (gapless.spaces.get("chain").choices, lambda path: path[0], lambda node: 9),
}


def drawn(choices, seed, scale=1.0):
    draw, tables = np.random.default_rng(seed), {}
    for group in choices.groups():
        tables[group.name] = torch.from_numpy(scale * draw.standard_normal(group.mask.shape))
        tables[f"{group.name}|edge"] = torch.from_numpy(scale * draw.standard_normal((len(group.rows), 1)))
    return {name: table.requires_grad_() for name, table in tables.items()}


def in_numpy(alpha, group, cell):
    _, node_of, kept = CELLS[cell]
    table, beta = (alpha[name].detach().numpy() for name in (group.name, f"{group.name}|edge"))
    entered = [node_of(path) for path in group.rows]
    return table, beta[:, 0], entered, {node: kept(node) for node in entered}


def run_of(choices, alpha, progress=None):
    return SimpleNamespace(
        choices=choices, alpha=alpha, device=torch.device("cpu"), progress=progress or Progress()
    )


@settings(derandomize=True, deadline=None, max_examples=25)
@given(st.integers(0, 2**32), st.sampled_from([1e-3, 1.0, 5.0]))
@pytest.mark.parametrize("cell", CELLS)
def test_gates(cell, seed, scale):
    choices = CELLS[cell][0]
    alpha = drawn(choices, seed, scale)
    mix = CappedProduct()(alpha, choices, Progress(), RNG)
    strengths = CappedProduct().strengths(alpha, choices, Progress())
    for group in choices.groups():
        expected = oracle.gates(*in_numpy(alpha, group, cell), group.pickable)
        found = mix[group.name]
        np.testing.assert_allclose(found.weight.detach().numpy(), expected, rtol=1e-11, atol=1e-300)
        assert torch.equal(found.weight, strengths[group.name])
        active = group.mask if found.active is None else found.active
        assert np.array_equal(active, group.pickable)


@pytest.mark.parametrize("total", ["entering", "kept"])
def test_gates_that_have_decided(total):
    """With ``kept`` they are those of the architecture; as published the edges of a node share n, not 2."""
    choices, alpha = CELLS["darts"][0], drawn(CELLS["darts"][0], 0)
    arch = choices.sample(Streams(1).generator("arch"))
    active = choices.active(arch)
    for group in choices.groups():
        alive = torch.from_numpy(active[group.name])
        alpha[group.name] = torch.where(alive, 40.0, -1.0).double()
        alpha[f"{group.name}|edge"] = torch.where(alive.any(1, keepdim=True), 2.0, -40.0).double()
    found = CappedProduct(total=total).strengths(alpha, choices, Progress())
    shares = [1.0] * 2 + [1.5] * 3 + [2.0] * 4 + [2.5] * 5
    for name, table in active.items():
        factor = np.array(shares)[:, None] if total == "entering" else 1.0
        np.testing.assert_allclose(found[name].numpy(), factor * table, rtol=0, atol=1e-12)


PENALTIES = {
    "operations": (Entropy(3.0), lambda a, b, e, k, may: 3 * oracle.alpha_entropy(a, may)),
    "edges": (Entropy(2.0, "edges"), lambda a, b, e, k, may: 2 * oracle.beta_entropy(b, e, k)),
    "live": (LiveEdges(0.4), lambda a, b, e, k, may: 0.4 * oracle.live(b, e, k)),
}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("name", PENALTIES)
def test_penalties_and_their_gradients(name, cell):
    """The value by the equations; the gradient by differences of the equations."""
    part, equation = PENALTIES[name]
    choices, groups = CELLS[cell][0], CELLS[cell][0].groups()
    alpha = drawn(choices, 3)

    def expected():
        return sum(equation(*in_numpy(alpha, g, cell), g.pickable) for g in groups)

    found = part(run_of(choices, alpha), CappedProduct()(alpha, choices, Progress(), RNG))
    assert found.item() == pytest.approx(expected(), rel=1e-12, abs=1e-12)
    if not found.requires_grad:
        assert (name, cell) in [("live", "nb201"), ("live", "chain")]
        return
    slopes = torch.autograd.grad(found, list(alpha.values()), allow_unused=True)
    for (table, values), slope in zip(alpha.items(), slopes, strict=True):
        for at in ((0, 0), (2, 0), (values.shape[0] - 1, values.shape[1] - 1)):
            sides = []
            for h in (1e-6, -1e-6):
                values.data[at] += h
                sides.append(expected())
                values.data[at] -= h
            by_hand = (sides[0] - sides[1]) / 2e-6
            assert by_hand == pytest.approx(0.0 if slope is None else slope[at].item(), abs=1e-7), table


def test_an_undecided_gate_has_a_finite_slope_where_others_are_0():
    choices = CELLS["chain"][0]
    alpha = drawn(choices, 0)
    alpha["layers"].data[:, 0] = -1e3
    penalty = Entropy(1.0)(run_of(choices, alpha), CappedProduct()(alpha, choices, Progress(), RNG))
    (slope,) = torch.autograd.grad(penalty, [alpha["layers"]])
    assert torch.isfinite(slope).all()
    assert slope[:, 1:].abs().max() > 0


def test_live_edges_are_0_where_two_are_at_1_and_no_other_is_alive():
    choices, alpha = CELLS["darts"][0], drawn(CELLS["darts"][0], 0)
    for table in ("normal|edge", "reduce|edge"):
        alpha[table].data.fill_(-0.3)
        for first in (0, 2, 5, 9):
            alpha[table].data[first : first + 2] = 1.5
    assert LiveEdges()(run_of(choices, alpha), {}).item() == 0
    alpha["normal|edge"].data[4] = 0.5
    assert LiveEdges(2.0)(run_of(choices, alpha), {}).item() == pytest.approx(2 * 0.25)


def test_schedules_as_in_the_released_code():
    for epoch in range(1, 51):
        at = Progress(epoch=epoch - 1, epochs=50)
        assert Rising(0.4)(at) == pytest.approx(0.4 * oracle.c1(epoch), rel=1e-12)
        expected = 0.1 * oracle.c1(epoch) * oracle.c2(epoch)
        assert Rising(0.1, delay=8 / 50)(at) == pytest.approx(expected, rel=1e-12, abs=1e-15)
    for epochs in (1, 2, 3):
        assert all(0 <= Rising(1.0, 0.16)(Progress(epoch=e, epochs=epochs)) <= 2 for e in range(epochs))


def test_constants_of_the_method():
    stage = PUBLISHED.stages[0]
    operations, edges, live = stage.regularize
    assert (operations.weight, operations.among) == (Rising(0.1, 8 / 50), "operations")
    assert (edges.weight, edges.among) == (Rising(0.4), "edges")
    assert live.weight.end == pytest.approx(0.1 * 4 * 0.2)
    held = [e for e in range(50) if Progress(epoch=e, epochs=50).fraction("epoch") < stage.relax.hold]
    assert held == list(range(7))
    assert PUBLISHED.alphas == gapless.methods.get("darts").alphas


def test_alpha_is_held_at_first_and_beta_is_not():
    run = started(shortened(PUBLISHED), SPACES[1])
    before = {name: table.detach().clone() for name, table in run.alpha.items()}
    advance(run, 2)
    moved = {name for name, table in run.alpha.items() if not torch.equal(table, before[name])}
    assert moved == {"normal|edge", "reduce|edge"}
    advance(run, 2)
    assert all(not torch.equal(run.alpha[name], before[name]) for name in run.alpha)


def test_initial_values():
    alpha = CappedProduct().init(Darts().choices, Streams(3).generator("alpha"))
    beta = alpha["normal|edge"][:, 0]
    np.testing.assert_allclose(beta, [1] * 2 + [2 / 3] * 3 + [1 / 2] * 4 + [2 / 5] * 5, atol=6e-4)
    assert len(set(beta)) == 14
    assert np.abs(alpha["normal"]).max() < 6e-4


@settings(derandomize=True, deadline=None, max_examples=30)
@given(st.integers(0, 2**32))
def test_edges_by_beta_then_operations_by_alpha(seed):
    """However sure an edge is of its operation, only its beta counts; below 1, where shares are apart."""
    choices, draw = Darts().choices, np.random.default_rng(seed)
    alpha = drawn(choices, seed)
    for table in ("normal|edge", "reduce|edge"):
        alpha[table] = torch.from_numpy(draw.permuted(np.linspace(-1, 0.9, 14))[:, None])
    gates = {n: t.detach().numpy() for n, t in CappedProduct().strengths(alpha, choices, Progress()).items()}
    arch = EdgesFirst()(choices, gates)
    starts = {2: 0, 3: 2, 4: 5, 5: 9}
    for kind in ("normal", "reduce"):
        options = next(g.options for g in choices.groups() if g.name == kind)
        beta, table = alpha[f"{kind}|edge"][:, 0].numpy(), alpha[kind].detach().numpy()
        for node, start in starts.items():
            best = sorted(range(node), key=lambda e: -beta[start + e])[:2]
            expected = {str(e): options[1 + table[start + e, 1:].argmax()] for e in best}
            if node == 2:
                expected = {str(e): options[1 + table[start + e, 1:].argmax()] for e in (0, 1)}
            assert {s: inner.option("op") for s, inner in arch[f"{kind}/{node}"].items()} == expected


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"relax": CappedProduct(total="all")}, "entering or kept edges, not 'all'"),
        ({"regularize": (Entropy(among="rows"),)}, "operations or edges, not 'rows'"),
        ({"regularize": (LiveEdges(),), "relax": gapless.methods.get("darts").stages[0].relax}, "'Softmax'"),
        ({"relax": None, "update": Paths(), "sample": Uniform()}, "'entropy' needs the gates"),
        ({"relax": None, "update": Paths(), "sample": Uniform()}, "the stage is none"),
    ],
)
def test_what_makes_no_sense_is_said(changes, words):
    recipe = replace(PUBLISHED, stages=(replace(PUBLISHED.stages[0], **changes),))
    assert any(words in line for line in conflicts(recipe, Darts()))
