"""BayesNAS: gates, penalty, curvature and the closed-form update, against NumPy and exact Hessians."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracles import bayes as oracle

import gapless.methods
from gapless.core import Progress, Streams
from gapless.engine.check import conflicts
from gapless.nets.fast import plain
from gapless.nets.statistics import still
from gapless.parts.regularize.ard import Ard
from gapless.parts.relax.softmax import Softmax
from gapless.parts.relax.switches import CHOICES, OPTIONS, Switches, beside
from gapless.parts.update.bayes import Bayes
from gapless.testing.methods import SPACES, shortened, started

EXACT = 1e-10
CHAIN, DARTS = SPACES
RULE = Bayes(choice=0.3, option=0.2, probes=3)


def searching(tiny=CHAIN, seed=0, update=RULE):
    """At the first step of the second stage, with every table drawn at random."""
    recipe = shortened(gapless.methods.get("bayesnas", "quick"))
    stage = replace(recipe.stages[1], update=update, regularize=(Ard(0.3, 0.2),))
    run = started(replace(recipe, stages=(stage,)), tiny, double=True)
    draw = np.random.default_rng(seed)
    for name, table in run.alpha.items():
        positive = "gamma" in name or "omega" in name
        values = draw.uniform(0.2, 2.0, table.shape) * (1 if positive else draw.choice([-1, 1], table.shape))
        table.data = torch.from_numpy(values)
    return run


def test_gates_are_products_and_start_at_one():
    choices = DARTS[0].choices
    alpha = {
        n: torch.from_numpy(t) for n, t in Switches().init(choices, Streams(0).generator("alpha")).items()
    }
    mix = Switches()(alpha, choices, Progress(), None)
    assert all(torch.equal(gate.weight, torch.ones_like(gate.weight)) for gate in mix.values())
    quiet = Switches(0.5).init(choices, Streams(0).generator("alpha"))
    assert {float(t.flat[0]) for n, t in quiet.items() if "gamma" in n or "omega" in n} == {1.0}
    assert {float(t.flat[0]) for n, t in quiet.items() if "gamma" not in n and "omega" not in n} == {0.5}
    run = searching(DARTS)
    for group in run.choices.groups():
        s, above = (run.alpha[group.name + kind].detach().numpy() for kind in (OPTIONS, CHOICES))
        assert np.array_equal(run.mix()[group.name].weight.detach().numpy(), above * s)
        gamma = run.alpha[beside(group.name, OPTIONS, "gamma")].detach().numpy()
        assert np.array_equal(run.gates()[group.name], np.where(group.mask, gamma, 0))


@pytest.mark.parametrize("tiny", SPACES, ids=lambda tiny: tiny[0].name)
def test_penalty_and_its_gradient(tiny):
    run = searching(tiny)
    found = Ard(0.3, 0.2)(run, run.mix())
    expected, slopes = 0.0, {}
    for group in run.choices.groups():
        s, o = ([run.alpha[n].detach().numpy() for n in names] for names in (
            [group.name + CHOICES, group.name + OPTIONS],
            [beside(group.name, kind, "omega") for kind in (CHOICES, OPTIONS)],
        ))  # fmt: skip
        expected += oracle.penalty([s[0], s[1] * group.mask], o, (0.3, 0.2))
        slopes[group.name + CHOICES] = 0.3 * o[0] * np.sign(s[0])
        slopes[group.name + OPTIONS] = 0.2 * o[1] * np.sign(s[1]) * group.mask
    assert found.item() == pytest.approx(expected, rel=EXACT)
    found.backward()
    for name, slope in slopes.items():
        np.testing.assert_allclose(run.alpha[name].grad.numpy(), slope, rtol=EXACT)
    assert all(run.alpha[n].grad is None for n in run.alpha if n not in slopes)


def test_curvature_is_the_probed_diagonal_of_the_hessian():
    run = searching()
    (x, y), _ = run.batches()
    names = [group.name + kind for group in run.choices.groups() for kind in (CHOICES, OPTIONS)]

    def loss(*tables):
        mix = run.mix(run.alpha | dict(zip(names, tables, strict=True)))
        return run.loss(run.forward(x, mix), y)

    with still(run.net), plain():
        blocks = torch.autograd.functional.hessian(loss, tuple(run.alpha[n].detach() for n in names))
        found = RULE.curvature(run, (x, y))
    sizes = [run.alpha[n].numel() for n in names]
    hessian = np.block([[b.reshape(m, n).numpy() for b, n in zip(row, sizes, strict=True)]
                        for row, m in zip(blocks, sizes, strict=True)])  # fmt: skip
    rng = run.streams.generator("bayes")
    signs = [np.concatenate([rng.choice([-1.0, 1.0], run.alpha[n].shape).ravel() for n in names])
             for _ in range(RULE.probes)]  # fmt: skip
    expected = oracle.probed(hessian, signs)
    ours = np.concatenate([found[n].numpy().ravel() for n in names])
    assert np.abs(ours - expected).max() < EXACT * np.abs(expected).max()
    assert np.abs(expected).max() > 1e-3


@settings(derandomize=True, deadline=None, max_examples=10)
@given(st.integers(0, 2**31))
def test_the_closed_form_update(seed):
    """Also of curvatures that are negative, and of switches that nothing depends on."""
    run, draw = searching(seed=seed), np.random.default_rng(seed + 1)
    (group,) = run.choices.groups()
    kinds = (CHOICES, OPTIONS)
    before = {
        kind: [
            run.alpha[n].detach().numpy().copy()
            for n in (group.name + kind, beside(group.name, kind, "gamma"))
        ]
        for kind in kinds
    }
    curvature = {}
    for kind in kinds:
        h = draw.normal(0.5, 1.0, before[kind][0].shape)
        curvature[kind] = np.where(draw.random(h.shape) < 0.2, 0.0, h)
    RULE.believe(run, {group.name + kind: torch.from_numpy(h) for kind, h in curvature.items()})
    for row in range(len(group.rows)):
        pick = {kind: [table[row] for table in (*before[kind], curvature[kind])] for kind in kinds}
        above, below = oracle.priors(
            [values[0] for values in pick[CHOICES]], list(zip(*pick[OPTIONS], strict=True)), (0.3, 0.2)
        )
        for kind, expected in ((CHOICES, [above]), (OPTIONS, below)):
            for what, place in (("omega", 0), ("gamma", 1)):
                found = run.alpha[beside(group.name, kind, what)][row].detach().numpy()
                np.testing.assert_allclose(found, [e[place] for e in expected], rtol=1e-8, atol=1e-12)


def test_beliefs_change_at_the_end_of_an_epoch_and_no_gradient_reaches_them():
    run = searching(DARTS)
    tables = {n for n in run.alpha if "gamma" in n or "omega" in n}
    per_epoch = run.progress.steps // run.progress.epochs
    for step in range(1, per_epoch + 1):
        before = {n: t.detach().clone() for n, t in run.alpha.items()}
        run.step()
        moved = {n for n in run.alpha if not torch.equal(run.alpha[n], before[n])}
        assert moved == (set(run.alpha) if step == per_epoch else set(run.alpha) - tables)
    assert all(torch.isfinite(table).all() for table in run.alpha.values())
    none = [group.options.index("none") for group in run.choices.groups()]
    for group, column in zip(run.choices.groups(), none, strict=True):
        assert not run.gates()[group.name][:, column].any(), "what does nothing is relevant"
        assert run.gates()[group.name].max() > 0


def test_what_does_not_go_together_is_said():
    recipe = gapless.methods.get("bayesnas")

    def lines(**stage):
        stages = (recipe.stages[0], replace(recipe.stages[1], **stage))
        return conflicts(replace(recipe, stages=stages), CHAIN[0])

    assert lines() == []
    found = lines(relax=Softmax())
    assert len(found) == 2
    assert all("'Switches'" in line and "'Softmax'" in line for line in found)
    assert "at least 1 probe" in lines(update=Bayes(probes=0))[0]
