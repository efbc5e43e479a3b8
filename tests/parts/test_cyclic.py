"""The cyclic rule against NumPy, in searches in float64."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.oracles import cyclic as oracle

import gapless.methods
from gapless.core.errors import UnknownName
from gapless.core.training import Optim
from gapless.engine.check import conflicts
from gapless.nets.descent import Descent
from gapless.nets.gate import onehot
from gapless.nets.statistics import still
from gapless.parts.mask.lowest_k import LowestK
from gapless.parts.mask.strongest import Strongest
from gapless.parts.update.cyclic import BEGUN, HELD, NET, WEIGHTS, Cyclic
from gapless.parts.update.distance import Distance
from gapless.testing.methods import SPACES, shortened, started

EXACT = 1e-10
LR = 0.5


def searching(rule, tiny=SPACES[0], epochs=2, **stage):
    recipe = shortened(gapless.methods.get("darts", "quick")).scaled(epochs)
    recipe = replace(recipe, weights=Optim("sgd", LR, (0.9, 0), 0.0))
    run = started(
        replace(recipe, stages=(replace(recipe.stages[0], update=rule, **stage),)), tiny, double=True
    )
    run.extra[NET].double()
    run.alphas = Descent(run.alpha, Optim("sgd", LR, (0.0, 0.0), 0.0))
    return run


def copied(tensors):
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


def strongest(run):
    return onehot(run.choices, Strongest()(run.choices, run.gates()))


@pytest.mark.parametrize("tiny", SPACES, ids=["chain", "darts"])
@pytest.mark.parametrize(("kind", "k", "t"), [("smooth-l1", 1.0, 2.0), ("soft", 0.5, 3.0)])
def test_a_joint_step(tiny, kind, k, t):
    run = searching(Cyclic(4 / 3, warm=0, distance=Distance(kind, t), balance=k), tiny)
    (x, y), net = run.batches()[1], run.extra[NET]
    with still(run.net), still(net):
        ours, theirs = run.net(x, run.mix()), net(x, strongest(run))
    value, da, db = oracle.joint(ours.detach().numpy(), theirs.detach().numpy(), y.numpy(), k, t, kind)
    slopes = torch.autograd.grad(ours, list(run.alpha.values()), torch.from_numpy(da), allow_unused=True)
    pulls = torch.autograd.grad(theirs, list(net.parameters()), torch.from_numpy(db), allow_unused=True)
    alpha, weights = copied(run.alpha), copied(dict(net.named_parameters()))
    told = run.recipe.stages[0].update.step(run, *run.batches())
    parts = told["val_loss"] + told["evaluation_loss"]
    assert abs(parts / k + k * told["distillation_loss"] - value) < EXACT
    for (name, before), slope in zip(alpha.items(), slopes, strict=True):
        expected = before if slope is None else before - LR * slope
        assert (run.alpha[name] - expected).abs().max() < EXACT
    after = dict(net.named_parameters())
    for (name, before), pull in zip(weights.items(), pulls, strict=True):
        expected = before if pull is None else before - LR * pull
        assert (after[name] - expected).abs().max() < EXACT
    assert max(slope.abs().max() for slope in slopes if slope is not None) > 1e-4


def test_a_warm_step_moves_the_evaluation_network_alone():
    run = searching(Cyclic(warm=1), epochs=4)
    (x, y), net = run.batches()[1], run.extra[NET]
    with still(net):
        logits = net(x, strongest(run))
    _, slope = oracle.cross_entropy(logits.detach().numpy(), y.numpy())
    pulls = torch.autograd.grad(logits, list(net.parameters()), torch.from_numpy(slope), allow_unused=True)
    alpha, weights = copied(run.alpha), copied(dict(net.named_parameters()))
    run.step()
    assert all(torch.equal(run.alpha[name], before) for name, before in alpha.items())
    for (name, before), pull in zip(weights.items(), pulls, strict=True):
        expected = before if pull is None else before - LR * pull
        assert (dict(net.named_parameters())[name] - expected).abs().max() < EXACT


def test_cycles_begin_when_alpha_moves_and_read_it_anew():
    run = searching(Cyclic(warm=1, joint=1), epochs=5, freeze_alpha=0.2)
    net, begun, moved, momenta = copied(run.extra[NET].state_dict()), [], [], []
    for _ in range(5):
        before, first = copied(run.alpha), True
        for _ in range(run.progress.steps // run.progress.epochs):
            if first:
                held = strongest(run)
            run.step()
            if first and int(run.extra[BEGUN]) == run.progress.epoch:
                for name, gate in held.items():
                    assert np.array_equal(run.extra[HELD + name].numpy(), gate.active)
            first = False
        begun.append(int(run.extra[BEGUN]))
        moved.append(any(not torch.equal(run.alpha[n], t) for n, t in before.items()))
        momenta.append(len(run.extra[WEIGHTS].state()))
        if len(begun) == 1:
            assert all(torch.equal(run.extra[NET].state_dict()[n], t) for n, t in net.items())
        run.end_epoch()
    assert begun == [-1, 1, 1, 3, 3]
    assert moved == [False, False, True, False, True]
    assert momenta[0] == 0 < momenta[1]


def test_all_momenta_are_forgotten_when_a_cycle_begins():
    """A momentum is the gradient of the cycle's first step after it; moments have seen one cycle."""
    run, forgotten, joint = searching(Cyclic(warm=1, joint=1), epochs=5, freeze_alpha=0.2), [], []
    run.alphas = Descent(run.alpha, Optim("adam", LR, (0.5, 0.999), 0.0))
    per_epoch = run.progress.steps // run.progress.epochs
    assert per_epoch > 1
    while run.progress.step < run.progress.steps:
        run.step()
        if run.progress.step % per_epoch == 1:
            velocity, tensors = run.weights.velocity(), run.weights.tensors
            forgotten.append(
                all(
                    torch.equal(v, 0 * v if t.grad is None else t.grad)
                    for v, t in zip(velocity, tensors, strict=True)
                )
            )
        if run.epoch_ended:
            run.end_epoch()
            joint.append({int(n) for key, n in run.alphas.state().items() if key.endswith("/step")})
    assert forgotten == [True, True, False, True, False]
    assert joint == [set(), set(), {per_epoch}, set(), {per_epoch}]


def test_an_unknown_distance_is_refused():
    with pytest.raises(UnknownName, match="hard"):
        Distance("hard")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"relax": None}, "needs a relaxation"),
        ({"mask": LowestK(1)}, "with no mask"),
        ({"update": Cyclic(joint=0)}, "a joint epoch a cycle"),
    ],
)
def test_what_does_not_go_together_is_said(changes, words):
    recipe = gapless.methods.get("cdarts", "quick")
    stages = (replace(recipe.stages[0], **changes),)
    assert any(words in line for line in conflicts(replace(recipe, stages=stages), SPACES[0][0]))
