"""The attack on gates against NumPy, on the loss of a real network."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.oracles import simplex as oracle

from gapless.parts.perturb.attack import Attack
from gapless.parts.perturb.simplex import noise
from gapless.testing.methods import SPACES

from .test_simplex import held, searching

EXACT = 1e-10


def expected(run, mix, batch, part, radius):
    """What the oracle finds with the run's own network, in evaluation, as the loss."""
    names, (x, y) = list(mix), batch
    there = [
        np.ones(tuple(g.weight.shape), bool) if g.active is None else g.active
        for g in (mix[name] for name in names)
    ]

    def loss(tables):
        gates = {n: replace(mix[n], weight=t) for n, t in zip(names, tables, strict=True)}
        return torch.nn.functional.cross_entropy(run.net(x, gates), y)

    def value(tables):
        with torch.no_grad():
            return loss([torch.from_numpy(t) for t in tables]).item()

    def slope(tables):
        leaves = [torch.from_numpy(t).requires_grad_() for t in tables]
        return [g.numpy() for g in torch.autograd.grad(loss(leaves), leaves)]

    drawn = noise(run, "attack", mix, radius)
    run.net.eval()
    tables = [mix[name].weight.numpy() for name in names]
    noises = [drawn[name].numpy() for name in names]
    found = oracle.attacked(tables, there, noises, value, slope, radius, part.steps)
    run.net.train()
    return dict(zip(names, found, strict=True)), value


@pytest.mark.parametrize("radius", [0.03, 0.3])
@pytest.mark.parametrize("tiny", SPACES, ids=lambda tiny: tiny[0].name)
def test_is_the_published_ascent(tiny, radius):
    part = Attack(radius)
    run = searching(tiny, part)
    for _ in range(2):
        run.step()
    batch, _ = run.batches()
    mix = held(run)
    tables, value = expected(run, mix, batch, part, radius)
    found = part(run, mix, batch)
    for name, gate in found.items():
        assert np.abs(gate.weight.numpy() - tables[name]).max() < EXACT
        np.testing.assert_allclose(gate.weight.sum(-1), 1, rtol=1e-12)
        assert gate.active is mix[name].active
    run.net.eval()
    before = value([gate.weight.numpy() for gate in mix.values()])
    after = value([gate.weight.numpy() for gate in found.values()])
    assert after > before


@pytest.mark.parametrize("upside_down", [False, True])
def test_a_move_that_lowers_the_loss_is_not_made(upside_down):
    """Where gradients are of the negative loss, the ascent goes down, and nothing may move."""
    part = Attack(0.3, steps=3)
    run = searching(SPACES[1], part)
    batch, _ = run.batches()
    mix, loss = held(run), run.loss
    if upside_down:
        run.loss = lambda logits, labels: loss(logits, labels) * (-1 if logits.requires_grad else 1)
    kept = 0
    for step in range(4):
        run.total = step
        found = part(run, mix, batch)
        still = all(torch.equal(found[n].weight, mix[n].weight) for n in mix)
        kept += still
        run.net.eval()
        with torch.no_grad():
            before, after = (loss(run.net(batch[0], m), batch[1]) for m in (mix, found))
        run.net.train()
        assert still or after >= before
    assert kept == 4 if upside_down else kept == 0


def test_the_network_is_left_as_it_was():
    run = searching(SPACES[1], Attack())
    batch, _ = run.batches()
    before = {n: t.clone() for n, t in run.net.state_dict().items()}
    run.perturbed(held(run), batch)
    assert run.net.training
    assert all(torch.equal(t, before[n]) for n, t in run.net.state_dict().items())
    assert all(p.requires_grad and p.grad is None for p in run.net.parameters())
    run.net.eval()
    run.perturbed(held(run), batch)
    assert not run.net.training


def test_alpha_is_reached_through_it():
    """For update rules that move alpha by what the weight step computes."""
    run = searching(SPACES[1], Attack())
    batch, _ = run.batches()
    mix = run.perturbed(run.mix(), batch)
    run.loss(run.forward(batch[0], mix), batch[1]).backward()
    assert all(table.grad is not None and table.grad.abs().max() > 0 for table in run.alpha.values())


def test_it_is_not_used_without_a_step():
    run = searching(SPACES[1], Attack())
    stage = run.stage
    (line,) = Attack(steps=0).conflicts(run.recipe, stage, run.choices)
    assert "at least 1 step" in line
