"""Accuracy and loss of a network over batches, with the interval that the sample size allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gapless.core.errors import BadValue
from gapless.core.interval import wilson
from gapless.nets.gate import Mix


@dataclass(frozen=True)
class Score:
    """How many of n images a network got right.

    Args:
        correct: images whose highest logit is their class.
        n: images.
        loss: mean cross-entropy, in nats.
    """

    correct: int
    n: int
    loss: float

    @property
    def accuracy(self) -> float:
        """In [0, 1]."""
        return self.correct / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """The accuracies that the data do not rule out: Wilson's 95 % interval (Wilson 1927).

        It covers the choice of the n images, not that of seeds or weights.
        """
        return wilson(self.accuracy, self.n)


@torch.no_grad()
def accuracy(
    net: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], mix: Mix | None = None, training: bool = False
) -> Score:
    """Scores a network in evaluation mode; every module is left in the mode it was in.

    The host waits for the device once, at the end.

    Args:
        net: called as ``net(x, mix)``, gives logits `n x classes`.
        batches: pairs of `n x c x h x w` and classes `n`.
        mix: gate values of a super-network; None for a stand-alone network.
        training: whether the network is in training mode instead, so that BatchNorm layers use each batch's
            statistics.

    Raises:
        BadValue: there is no image at all.
    """
    n, sums = 0, []
    with evaluating(net, training):
        for x, y in batches:
            logits = net(x, mix)
            logits = logits if logits.dtype == torch.float64 else logits.float()
            right = (logits.argmax(1) == y).sum()
            sums.append(torch.stack((cross_entropy(logits, y, reduction="sum"), right.to(logits.dtype))))
            n += len(y)
    if n == 0:
        raise BadValue(expected="at least one image to score on", got="none", do="choose a split with images")
    loss, correct = torch.stack(sums).cpu().double().sum(0).tolist()
    return Score(int(correct), n, loss / n)


@contextmanager
def evaluating(net: nn.Module, training: bool = False) -> Iterator[None]:
    """Within, the network is in evaluation (or training) mode; afterwards every module is as it was."""
    before = {module: module.training for module in net.modules()}
    net.train(training)
    try:
        yield
    finally:
        for module, flag in before.items():
            module.training = flag
