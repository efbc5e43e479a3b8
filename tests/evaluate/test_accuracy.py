"""Scores against counts by hand, intervals against scipy, and a network left as it was."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from torch import nn
from torch.nn.functional import cross_entropy

from gapless.core.errors import BadValue
from gapless.evaluate.accuracy import Score, accuracy


class Net(nn.Module):
    """BatchNorm and dropout, so that the mode matters; notes what it is given."""

    def __init__(self):
        super().__init__()
        self.norm, self.drop, self.linear = nn.BatchNorm2d(2), nn.Dropout(0.5), nn.Linear(8, 3)
        self.mixes, self.modes, self.grads = [], [], []

    def forward(self, x, mix=None):
        self.mixes.append(mix)
        self.modes.append({m.training for m in self.modules()})
        self.grads.append(torch.is_grad_enabled())
        return self.linear(self.drop(self.norm(x)).flatten(1))


def batches(sizes=(5, 5, 3), dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    return [
        (
            torch.randn(n, 2, 2, 2, generator=generator, dtype=dtype),
            torch.randint(3, (n,), generator=generator),
        )
        for n in sizes
    ]


@settings(derandomize=True, deadline=None)
@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_interval_is_wilson(pair):
    correct, n = pair
    expected = binomtest(correct, n).proportion_ci(0.95, method="wilson")
    low, high = Score(correct, n, 0.0).interval
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= low <= correct / n <= high <= 1


def test_score_is_the_count_over_all_images():
    net = Net().double()
    given = batches(dtype=torch.float64)
    score = accuracy(net, given)
    x, y = (torch.cat(parts) for parts in zip(*given, strict=True))
    with torch.no_grad():
        logits = net.eval()(x)
    assert (score.correct, score.n) == (int((logits.argmax(1) == y).sum()), 13)
    assert score.loss == pytest.approx(cross_entropy(logits, y).item(), rel=1e-12)
    assert score.accuracy == score.correct / 13


def test_how_images_are_batched_does_not_matter():
    net = Net()
    x, y = (torch.cat(parts) for parts in zip(*batches(), strict=True))
    one, many = accuracy(net, [(x, y)]), accuracy(net, zip(x.split(2), y.split(2), strict=True))
    assert (one.correct, one.n) == (many.correct, many.n)
    assert one.loss == pytest.approx(many.loss, rel=1e-5)


def test_modes_statistics_and_gradients_are_left_alone():
    net = Net().train()
    net.drop.eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    accuracy(net, batches())
    assert [net.training, net.norm.training, net.drop.training] == [True, True, False]
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert net.modes == [{False}] * 3
    assert net.grads == [False] * 3
    assert torch.is_grad_enabled()


def test_modes_are_restored_after_an_error():
    net = Net().train()
    with pytest.raises(RuntimeError):
        accuracy(net, [(torch.zeros(1, 5, 2, 2), torch.zeros(1, dtype=torch.int64))])
    assert net.training


def test_the_mix_reaches_the_network():
    net, mix = Net(), {}
    accuracy(net, batches(), mix)
    assert all(given is mix for given in net.mixes)


def test_a_loss_that_is_not_finite_is_told():
    net = Net()
    nn.init.constant_(net.linear.weight, math.nan)
    assert math.isnan(accuracy(net, batches()).loss)


def test_half_precision_is_summed_in_single():
    class Constant(nn.Module):
        def forward(self, x, mix=None):
            return torch.tensor([[0.0, 1.0, 0.0]], dtype=torch.float16).expand(len(x), 3)

    score = accuracy(Constant(), [(torch.zeros(4001, 1), torch.ones(4001, dtype=torch.int64))])
    assert score.correct == 4001, "a half has no 4001"


def test_refuses_no_images():
    with pytest.raises(BadValue, match="expected at least one image"):
        accuracy(Net(), [])
