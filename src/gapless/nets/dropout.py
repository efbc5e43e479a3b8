"""Dropout of the features that a network classifies by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from gapless.core.errors import BadValue


@contextmanager
def dropping(net: nn.Module, rate: float) -> Iterator[None]:
    """Within, a network in training zeroes each input of its ``classifier`` with probability ``rate``.

    The others are scaled up by ``1 / (1 - rate)``. Reference: Srivastava et al. 2014.

    Raises:
        BadValue: the network has no ``classifier``.
    """
    if not rate:
        yield
        return
    classifier = getattr(net, "classifier", None)
    if not isinstance(classifier, nn.Module):
        raise BadValue(
            expected="a network with a module 'classifier' for dropout",
            got=f"{type(net).__name__} without one",
            do="set dropout to 0 or name the last layer so",
        )

    def drop(module: nn.Module, given: tuple[Any, ...]) -> tuple[torch.Tensor]:
        return (functional.dropout(given[0], rate, module.training),)

    handle = classifier.register_forward_pre_hook(drop)
    try:
        yield
    finally:
        handle.remove()
