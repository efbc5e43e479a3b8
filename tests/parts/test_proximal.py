"""Proximal gates, the sampler that goes with them, and one whole step of the search."""

import numpy as np
import pytest
import torch
from tests.oracles import darts as network
from tests.oracles import gates as oracle

import gapless.methods
from gapless.core import Progress, Streams
from gapless.nets.gate import Gate
from gapless.nets.statistics import still
from gapless.parts.relax.proximal import Proximal
from gapless.spaces.darts import Darts
from gapless.spaces.nb201 import Nb201
from gapless.testing.methods import SPACES, shortened, started

RNG = Streams(0).generator("unused")
NODE = [0] * 2 + [1] * 3 + [2] * 4 + [3] * 5


def prox(a, node=NODE):
    """Column 0 is ``none``."""
    return oracle.nearest(np.clip(a, 0, 1), node, a.shape[1], 0, 2)


@pytest.mark.parametrize("scale", [0.2, 2.0])
def test_the_nearest_architecture_with_the_gradient_of_the_identity(scale):
    choices, rng, relax = Darts().choices, np.random.default_rng(0), Proximal()
    for _ in range(20):
        alpha = {
            g.name: torch.from_numpy(0.5 + scale * rng.standard_normal(g.mask.shape)).requires_grad_()
            for g in choices.groups()
        }
        mix, strengths = relax(alpha, choices, Progress(), RNG), relax.strengths(alpha, choices, Progress())
        for name, gate in mix.items():
            a, upstream = alpha[name].detach().numpy(), rng.standard_normal((14, 8))
            assert np.array_equal(gate.weight.detach().numpy(), prox(a))
            assert gate.active is None, "every operation has a gradient"
            (found,) = torch.autograd.grad((gate.weight * torch.from_numpy(upstream)).sum(), alpha[name])
            assert np.array_equal(found.numpy(), upstream)
            assert np.array_equal(strengths[name].detach().numpy(), np.clip(a, 0, 1))


def test_all_begin_at_a_half_and_nothing_at_0():
    for table in Proximal().init(Darts().choices, RNG).values():
        assert (table[:, 1:] == 0.5).all()
        assert (table[:, 0] == 0).all()


def test_nothing_is_chosen_where_all_others_have_fallen_to_0():
    relax, choices = Proximal(), Nb201().choices
    alpha = {name: torch.from_numpy(table) for name, table in relax.init(choices, RNG).items()}
    alpha["edges"][2, 1:] = -1.0
    chosen = relax(alpha, choices, Progress(), RNG)["edges"].weight.argmax(1).tolist()
    assert chosen == [1, 1, 0, 1, 1, 1]


def test_steps_of_a_search():
    """alpha <- clip(alpha - step along grad_z L_val at z = prox(alpha), 0, 1); weights at the new prox."""
    run = started(shortened(gapless.methods.get("nasp", "quick")), SPACES[1], double=True)
    rng, node = np.random.default_rng(0), [0] * 2 + [1] * 3
    for table in run.alpha.values():
        table.data = torch.from_numpy(np.clip(0.5 + 0.4 * rng.standard_normal(table.shape), 0, 1))
    tables, moments, optim = {n: a.detach().clone() for n, a in run.alpha.items()}, {}, run.recipe.alphas
    for _ in range(3):
        _, (x, y) = run.batches()
        z = {n: torch.from_numpy(prox(a.numpy(), node)).requires_grad_() for n, a in tables.items()}
        with still(run.net):
            loss = run.loss(run.net(x, {n: Gate(gates) for n, gates in z.items()}), y)
        slopes = dict(zip(z, torch.autograd.grad(loss, list(z.values())), strict=True))
        network.adam(tables, slopes, moments, optim.lr, optim.betas, optim.weight_decay)
        tables = {n: a.clamp(0, 1) for n, a in tables.items()}
        before = {n: w.detach().clone() for n, w in run.weights.named.items()}
        run.step()
        for name, table in tables.items():
            np.testing.assert_allclose(
                run.alpha[name].detach().numpy(), table.numpy(), rtol=1e-10, atol=1e-12
            )
        moved = {n for n, w in run.weights.named.items() if not torch.equal(w, before[n])}
        for i, (cell, kind) in enumerate(zip(run.net.cells, run.net.groups, strict=True)):
            chosen = prox(tables[kind].numpy(), node)
            for edge, mixed in cell.edges.items():
                for option, column in mixed.columns:
                    names = {n for n in before if n.startswith(f"cells.{i}.edges.{edge}.{option}.")}
                    assert not names & moved or chosen[mixed.row, column], f"{option} of {edge} is not chosen"
