"""Dropout before the classifier."""

from dataclasses import replace

import pytest
import torch
from scipy.stats import binom
from torch import nn

import gapless.methods
from gapless.core import Linear
from gapless.core.errors import BadValue
from gapless.nets.dropout import dropping
from gapless.testing.methods import SPACES, shortened, started


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.classifier = nn.Linear(50, 50, bias=False)
        nn.init.eye_(self.classifier.weight)

    def forward(self, x):
        return self.classifier(x)


def test_features_are_dropped_and_the_others_scaled_up():
    """20,000 features at 0.3; the number dropped is within bounds that fail with probability 1e-7."""
    net, x = Net(), torch.ones(400, 50)
    torch.manual_seed(0)
    with dropping(net, 0.3):
        y = net(x)
    assert y.unique().tolist() == pytest.approx([0, 1 / 0.7])
    low, high = binom.interval(1 - 1e-7, y.numel(), 0.3)
    assert low <= (y == 0).sum() <= high


def test_not_outside_not_in_evaluation_not_at_zero():
    net, x = Net(), torch.ones(4, 50)
    with dropping(net, 0.5):
        pass
    assert torch.equal(net(x), x)
    with pytest.raises(ZeroDivisionError), dropping(net, 0.5):
        raise ZeroDivisionError
    assert torch.equal(net(x), x)
    with dropping(net, 0.0):
        assert torch.equal(net(x), x)
    net.eval()
    with dropping(net, 0.5):
        assert torch.equal(net(x), x)


def test_a_network_without_a_classifier_is_refused():
    with pytest.raises(BadValue, match="module 'classifier'"), dropping(nn.ReLU(), 0.1):
        pass


@pytest.mark.parametrize("tiny", SPACES, ids=lambda tiny: tiny[0].name)
def test_a_stage_drops_in_training_and_by_its_schedule(tiny):
    recipe = shortened(gapless.methods.get("darts", "quick"))

    def searching(dropout):
        return started(replace(recipe, stages=(replace(recipe.stages[0], dropout=dropout),)), tiny)

    run, dropped, later = searching(0.0), searching(0.5), searching(Linear(0.0, 0.9))
    (x, _), _ = run.batches()
    with torch.no_grad():
        expected = run.forward(x, run.mix())
        assert not torch.equal(dropped.forward(x, dropped.mix()), expected)
        assert torch.equal(later.forward(x, later.mix()), expected)
        later.progress = replace(later.progress, step=later.progress.steps - 1)
        assert not torch.equal(later.forward(x, later.mix()), expected)
        with_weights = dropped.forward(x, dropped.mix(), dict(dropped.net.named_parameters()))
        assert not torch.equal(with_weights, expected)


def test_a_rate_of_one_is_refused():
    stage = gapless.methods.get("darts", "quick").stages[0]
    with pytest.raises(BadValue, match="dropout of at least 0 and below 1"):
        replace(stage, dropout=1.0)
