"""beta-DARTS: its constants, and alpha against the same search without the decay."""

from dataclasses import replace

import pytest
import torch

import gapless.methods
from gapless.core import Progress, at
from gapless.testing.methods import SPACES, advance, shortened, started

PUBLISHED = gapless.methods.get("beta-darts")
DARTS = gapless.methods.get("darts")


def test_constants_as_published():
    """optimizers/darts/architect.py: 0 + 50 * epoch / 100, epochs counted from 0."""
    (part,) = PUBLISHED.stages[0].regularize
    assert PUBLISHED.epochs == 100
    for epoch in (0, 1, 50, 99):
        assert at(part.weight, Progress(epoch=epoch, epochs=100)) == pytest.approx(50 * epoch / 100)
    assert replace(PUBLISHED.stages[0], epochs=50, regularize=()) == DARTS.stages[0]
    for name in ("weights", "alphas", "batch", "select", "pooled", "augment"):
        assert getattr(PUBLISHED, name) == getattr(DARTS, name)


def test_the_weight_step_is_that_of_darts():
    """The decay depends on alpha alone, and begins at 0: the first step is the same to the bit."""
    runs = [started(shortened(recipe), SPACES[0]) for recipe in (PUBLISHED, DARTS)]
    for run in runs:
        run.step()
    ours, theirs = runs
    assert all(torch.equal(w, theirs.weights.named[name]) for name, w in ours.weights.named.items())
    assert all(torch.equal(a, theirs.alpha[name]) for name, a in ours.alpha.items())


@pytest.mark.parametrize("tiny", SPACES, ids=["chain", "darts"])
def test_alpha_is_smaller_in_the_end(tiny):
    """The smooth maximum of each row is below that of DARTS, most of whose alpha does not fall."""
    found = []
    for method in ("beta-darts", "darts"):
        run = started(shortened(gapless.methods.get(method, "quick")), tiny)
        advance(run)
        found.append(sum(torch.logsumexp(a, -1).mean().item() for a in run.alpha.values()))
    assert found[0] < found[1]
