"""BatchNorm statistics: leave them alone, or compute them anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain

import torch
from torch import nn

from gapless.core.errors import BadValue

Normalization = nn.modules.batchnorm._BatchNorm


def normalizations(net: nn.Module) -> list[Normalization]:
    return [module for module in net.modules() if isinstance(module, Normalization)]


@contextmanager
def still(net: nn.Module) -> Iterator[None]:
    """Within, training-mode forwards normalise by their batch and leave running statistics as they are.

    A look-ahead, an architecture step or a score must not change what evaluation will use.
    """
    layers = normalizations(net)
    tracked = [layer.track_running_stats for layer in layers]
    for layer in layers:
        layer.track_running_stats = False
    try:
        yield
    finally:
        for layer, track in zip(layers, tracked, strict=True):
            layer.track_running_stats = track


@torch.no_grad()
def recalibrate(net: nn.Module, batches: Iterable[torch.Tensor]) -> None:
    """Replaces running statistics by the plain average over the given batches.

    A sub-network that inherits weights has statistics of the whole super-network, which are wrong for
    it (Guo et al. 2019, section 3.2).

    Args:
        net: any network without a second argument.
        batches: images, each `n x c x h x w` with n >= 2; at least one batch.

    Raises:
        BadValue: no batch; the statistics are as they were.
    """
    rest = iter(batches)
    first = next(rest, None)
    if first is None:
        raise BadValue(
            expected="at least 1 batch to recompute BatchNorm statistics over", got="none", do="give some"
        )
    layers = normalizations(net)
    momenta, training = [layer.momentum for layer in layers], net.training
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
    net.train()
    try:
        for x in chain((first,), rest):
            net(x)
    finally:
        net.train(training)
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
