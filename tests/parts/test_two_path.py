"""Two-path gates, and the rescaling after a step, against NumPy."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from tests.oracles import paths as oracle

import gapless.methods
from gapless.core import Choice, Progress, Space, Streams
from gapless.core.training import Optim
from gapless.engine.check import conflicts
from gapless.nets.descent import Descent
from gapless.nets.gate import Gate
from gapless.nets.statistics import still
from gapless.parts.relax.two_path import TwoPath
from gapless.parts.update.bilevel import Bilevel
from gapless.parts.update.joint import Joint
from gapless.parts.update.rescale import Rescale, rescale
from gapless.testing.methods import SPACES, shortened, started

from .test_from_p import fits

EXACT = 1e-10
UNEQUAL = Space(
    (
        Choice("a", dict.fromkeys("xyz"), group="g", relaxed_only=("none",)),
        Choice("b", dict.fromkeys("zw"), group="g"),
        Choice("c", dict.fromkeys("y"), group="g"),
    )
)


def gate_of(alpha, seed, choices=UNEQUAL):
    rng = Streams(0).generator("relax", seed)
    return TwoPath()({"g": alpha}, choices, Progress(), rng)["g"]


def test_gradient_and_values():
    (group,) = UNEQUAL.groups()
    draw = np.random.default_rng(0)
    for seed in range(50):
        alpha = torch.from_numpy(draw.standard_normal(group.mask.shape)).requires_grad_()
        gate = gate_of(alpha, seed)
        assert not (gate.active & ~group.mask).any()
        assert gate.active.sum(1).tolist() == [2, 2, 1]
        on = gate.weight.detach().numpy()
        assert set(on.ravel()) == {0.0, 1.0}
        assert on.sum(1).tolist() == [1, 1, 1]
        assert not on[~gate.active].any()
        upstream = draw.standard_normal(group.mask.shape)
        (found,) = torch.autograd.grad((gate.weight * torch.from_numpy(upstream)).sum(), alpha)
        drawn = [np.flatnonzero(row) for row in gate.active]
        expected = oracle.two_path(alpha.detach().numpy(), drawn, upstream)
        assert np.abs(found.numpy() - expected).max() < EXACT


def test_what_is_on_and_what_is_off_is_drawn_as_said():
    choices, counts = Space((Choice("a", dict.fromkeys("xyzw"), group="g"),)), Counter()
    alpha = torch.tensor([[0.5, -1.0, 1.2, 0.0]], dtype=torch.float64)
    for seed in range(1500):
        gate = gate_of(alpha, seed, choices)
        on = int(gate.weight[0].argmax())
        (off,) = set(np.flatnonzero(gate.active[0])) - {on}
        counts[on, int(off)] += 1
    p = oracle.softmax(alpha[0].numpy())
    assert fits(counts, oracle.two_path_chances(p))
    assert not fits(counts, oracle.two_path_chances(np.full(4, 0.25))), "the test cannot tell"


def test_strengths_are_the_softmax_and_draw_nothing():
    alpha = torch.randn(3, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = TwoPath().strengths({"g": alpha}, UNEQUAL, Progress())["g"].numpy()
    (group,) = UNEQUAL.groups()
    for row, has in enumerate(group.mask):
        np.testing.assert_allclose(found[row, has], oracle.softmax(alpha[row].numpy()[has]), rtol=1e-12)
        assert not found[row, ~has].any()
    init = TwoPath(0.5).init(UNEQUAL, Streams(0).generator("alpha"))["g"]
    assert init.dtype == np.float32
    assert 0.2 < init.std() < 0.9


# -- the rescaling ------------------------------------------------------------------------------------


def test_rescaling():
    draw = np.random.default_rng(1)
    before, after = draw.standard_normal((2, 5, 6))
    computed = draw.random((5, 6)) < 0.5
    computed[:, 0] = True
    alpha = {"g": torch.from_numpy(after.copy())}
    rescale(alpha, {"g": torch.from_numpy(before)}, "g", torch.from_numpy(computed))
    found = alpha["g"].numpy()
    assert np.abs(found - oracle.conserved(before, after, computed)).max() < EXACT
    for row, columns in enumerate(computed):
        old, new = oracle.softmax(before[row]), oracle.softmax(found[row])
        assert np.abs((old - new)[~columns]).max(initial=0) < EXACT
        ratio = oracle.softmax(after[row][columns])
        assert np.abs(new[columns] / new[columns].sum() - ratio).max() < EXACT


def searching(rule, relax, tiny=SPACES[0], **stage):
    recipe = shortened(gapless.methods.get("darts", "quick"))
    stages = (replace(recipe.stages[0], update=rule, relax=relax, **stage),)
    run = started(replace(recipe, stages=stages), tiny, double=True)
    run.alphas = Descent(run.alpha, Optim("sgd", 2.0, (0.0, 0.0), 0.0))
    return run


def by_gates(run, mix, batch):
    """dL/dg of every computed operation, at these gates."""
    leaves = {name: gate.weight.detach().clone().requires_grad_() for name, gate in mix.items()}
    with still(run.net):
        logits = run.net(batch[0], {n: Gate(leaves[n], gate.active) for n, gate in mix.items()})
    slopes = torch.autograd.grad(run.loss(logits, batch[1]), list(leaves.values()))
    return {name: slope.numpy() for name, slope in zip(leaves, slopes, strict=True)}


@pytest.mark.parametrize("tiny", SPACES, ids=["chain", "darts"])
def test_steps_of_a_search(tiny):
    run = searching(Rescale(Bilevel()), TwoPath(0.3), tiny)
    for _ in range(3):
        before = {name: table.detach().numpy().copy() for name, table in run.alpha.items()}
        mix = run.mix()
        slopes = by_gates(run, mix, run.batches()[1])
        run.step()
        for name, gate in mix.items():
            drawn = [np.flatnonzero(row) for row in gate.active]
            after = before[name] - 2.0 * oracle.two_path(before[name], drawn, slopes[name])
            expected = oracle.conserved(before[name], after, gate.active)
            found = run.alpha[name].detach().numpy()
            assert np.abs(found - expected).max() < EXACT
            assert np.abs(found - before[name]).max() > 1e-6
            for row in range(len(found)):
                old, new = oracle.softmax(before[name][row]), oracle.softmax(found[row])
                assert np.abs(old - new)[~gate.active[row]].max() < EXACT


@dataclass(frozen=True)
class First:
    """A perturbation that keeps the first two options of each choice."""

    def __call__(self, run, mix, batch):
        active = np.zeros_like(run.choices.groups()[0].mask)
        active[:, :2] = True
        return {name: replace(gate, active=active) for name, gate in mix.items()}


def test_what_a_perturbation_dropped_keeps_its_probability():
    run = searching(Rescale(Joint()), gapless.methods.get("darts").stages[0].relax, perturb=(First(),))
    before = run.gates()["layers"]
    run.step()
    after = run.gates()["layers"]
    assert np.abs(before - after)[:, 2].max() < EXACT
    assert np.abs(before - after)[:, :2].max() > 1e-6


def test_alpha_is_left_alone_while_it_is_held():
    run = searching(Rescale(Bilevel()), TwoPath(), freeze_alpha=1.0)
    before = run.alpha["layers"].detach().clone()
    run.step()
    assert torch.equal(run.alpha["layers"], before)


def test_conflicts_of_the_inner_rule_are_passed_on():
    recipe = gapless.methods.get("darts", "quick")
    stage = replace(recipe.stages[0], update=Rescale(Bilevel(order=2)))
    adam = replace(recipe, stages=(stage,), weights=Optim("adam", 1e-3))
    assert "one step of 'sgd' ahead" in conflicts(adam, SPACES[0][0])[0]
    bare = replace(recipe, stages=(replace(stage, relax=None),))
    assert "'rescale' needs a relaxation" in conflicts(bare, SPACES[0][0])[0]
