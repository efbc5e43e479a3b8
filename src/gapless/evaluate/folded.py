"""Blocks whose BatchNorm statistics are arguments, so that one block serves every network that holds it.

In evaluation a convolution and the BatchNorm after it are one convolution, in which scale and shift are
part of the weights. What is no such pair runs as the module that it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from gapless.nets.operations import Residual
from gapless.nets.shuffle import ShuffleUnit, WideningUnit
from gapless.nets.statistics import Normalization, normalizations

Moments = Mapping[Normalization, tuple[Tensor, Tensor]]
"""Running mean and variance of each BatchNorm."""

Forward = Callable[[Tensor], Tensor]

CUTS: dict[type[nn.Module], tuple[float | None, float | None]] = {nn.ReLU: (0.0, None), nn.ReLU6: (0.0, 6.0)}
"""Activations that cut off below and above, and where."""

PURE = (nn.AdaptiveAvgPool2d, nn.AvgPool2d, nn.MaxPool2d, nn.Conv2d, nn.Flatten, nn.Linear)
"""Modules that never write into their input."""

DEEP = 32
"""Channels from which on a CPU multiplies matrices faster than it convolves 1x1."""


class Step(Protocol):
    """A part of a block; its input is left as it was."""

    def learn(self, x: Tensor, moments: Moments, share: float) -> Tensor:
        """Forward in training mode, in which the statistics of this batch enter the moments.

        Args:
            share: weight of this batch; 1 / k for batch number k gives the plain average.
        """
        ...

    def absorb(self, x: Tensor, moments: Moments, share: float) -> None:
        """What ``learn`` does to the moments, where nobody needs the output."""
        ...

    def ready(self, moments: Moments) -> Forward:
        """Forward in evaluation mode with these moments."""
        ...


@dataclass(frozen=True, eq=False)
class Normalized:
    """Convolution, BatchNorm, and an activation that cuts off below and above."""

    conv: nn.Conv2d
    norm: nn.BatchNorm2d
    low: float | None = None
    high: float | None = None

    def learn(self, x: Tensor, moments: Moments, share: float) -> Tensor:
        norm, (mean, var) = self.norm, moments[self.norm]
        y = self._convolved(x, self.conv.weight, self.conv.bias)
        if y.device.type != "cpu":
            y = functional.batch_norm(y, mean, var, norm.weight, norm.bias, True, share, norm.eps)
            return self._cut(y)
        scale, shift = self._affine(*torch.batch_norm_update_stats(y, mean, var, share))
        return self._cut(torch.addcmul(shift.view(-1, 1, 1), y, scale.view(-1, 1, 1), out=y))

    def absorb(self, x: Tensor, moments: Moments, share: float) -> None:
        """A pointwise convolution is linear in its input, whose mean and covariance say all."""
        if not self._pointwise:
            self.learn(x, moments, share)
            return
        mean, var = moments[self.norm]
        weight, rows = self.conv.weight.flatten(1), x.permute(0, 2, 3, 1).flatten(0, 2)
        centre = rows.mean(0)
        off = rows - centre
        batch = weight @ centre
        batch = batch if self.conv.bias is None else batch + self.conv.bias
        mean.lerp_(batch, share)
        var.lerp_((weight @ (off.T @ off)).mul_(weight).sum(1).clamp_(0).div_(len(rows) - 1), share)

    def ready(self, moments: Moments) -> Forward:
        scale, shift = self._affine(*moments[self.norm])
        weight = self.conv.weight * scale.view(-1, 1, 1, 1)
        bias = shift if self.conv.bias is None else torch.addcmul(shift, self.conv.bias, scale)
        return lambda x: self._cut(self._convolved(x, weight, bias))

    def _affine(self, mean: Tensor, var: Tensor) -> tuple[Tensor, Tensor]:
        """What the BatchNorm multiplies by and what it then adds, one of each a channel."""
        scale = torch.rsqrt(var + self.norm.eps)
        scale = scale if self.norm.weight is None else scale * self.norm.weight
        shift = mean * -scale
        return scale, shift if self.norm.bias is None else shift + self.norm.bias

    @cached_property
    def _pointwise(self) -> bool:
        conv = self.conv
        return (conv.kernel_size, conv.stride, conv.groups) == ((1, 1), (1, 1), 1) and conv.padding == (0, 0)

    def _convolved(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        conv = self.conv
        if self._pointwise and conv.in_channels >= DEEP and x.device.type == "cpu":
            y = functional.linear(x.permute(0, 2, 3, 1), weight.flatten(1), bias)
            return y.permute(0, 3, 1, 2)
        return functional.conv2d(x, weight, bias, conv.stride, conv.padding, conv.dilation, conv.groups)

    def _cut(self, y: Tensor) -> Tensor:
        return y if self.low is None and self.high is None else y.clamp_(self.low, self.high)


@dataclass(frozen=True, eq=False)
class Plain:
    """Any module; it is private to the block, since its modes and buffers are changed."""

    module: nn.Module

    def learn(self, x: Tensor, moments: Moments, share: float) -> Tensor:
        self.module.train()
        self._load(moments)
        for norm in normalizations(self.module):
            norm.momentum = share
        return self._called(x)

    def absorb(self, x: Tensor, moments: Moments, share: float) -> None:
        self.learn(x, moments, share)

    def ready(self, moments: Moments) -> Forward:
        def forward(x: Tensor) -> Tensor:
            self.module.eval()
            self._load(moments)
            return self._called(x)

        return forward

    def _load(self, moments: Moments) -> None:
        for norm in normalizations(self.module):
            if norm in moments:
                norm.running_mean, norm.running_var = moments[norm]

    def _called(self, x: Tensor) -> Tensor:
        y: Tensor = self.module(x if isinstance(self.module, PURE) else x.clone())
        return y


@dataclass(frozen=True, eq=False)
class Sum:
    """The input and what the body makes of it."""

    body: Block

    def learn(self, x: Tensor, moments: Moments, share: float) -> Tensor:
        return x + self.body.learn(x, moments, share)

    def absorb(self, x: Tensor, moments: Moments, share: float) -> None:
        self.body.absorb(x, moments, share)

    def ready(self, moments: Moments) -> Forward:
        body = self.body.ready(moments)
        return lambda x: x + body(x)


@dataclass(frozen=True, eq=False)
class Split:
    """Even channels, and what the body makes of the odd ones."""

    body: Block

    def learn(self, x: Tensor, moments: Moments, share: float) -> Tensor:
        return torch.cat((x[:, ::2], self.body.learn(x[:, 1::2], moments, share)), 1)

    def absorb(self, x: Tensor, moments: Moments, share: float) -> None:
        self.body.absorb(x[:, 1::2], moments, share)

    def ready(self, moments: Moments) -> Forward:
        body = self.body.ready(moments)
        return lambda x: torch.cat((x[:, ::2], body(x[:, 1::2])), 1)


@dataclass(frozen=True, eq=False)
class Fork:
    """What two blocks make of one input, concatenated."""

    one: Block
    two: Block

    def learn(self, x: Tensor, moments: Moments, share: float) -> Tensor:
        return torch.cat((self.one.learn(x, moments, share), self.two.learn(x, moments, share)), 1)

    def absorb(self, x: Tensor, moments: Moments, share: float) -> None:
        self.one.absorb(x, moments, share)
        self.two.absorb(x, moments, share)

    def ready(self, moments: Moments) -> Forward:
        one, two = self.one.ready(moments), self.two.ready(moments)
        return lambda x: torch.cat((one(x), two(x)), 1)


@dataclass(frozen=True, eq=False)
class Block:
    """Steps one after the other.

    Args:
        last: which is the last that has moments; None where no step has.
    """

    steps: Sequence[Step]
    last: int | None

    def learn(self, x: Tensor, moments: Moments, share: float) -> Tensor:
        """See `Step.learn`."""
        for step in self.steps:
            x = step.learn(x, moments, share)
        return x

    def absorb(self, x: Tensor, moments: Moments, share: float) -> None:
        """See `Step.absorb`."""
        if self.last is not None:
            for step in self.steps[: self.last]:
                x = step.learn(x, moments, share)
            self.steps[self.last].absorb(x, moments, share)

    def ready(self, moments: Moments) -> Forward:
        """See `Step.ready`."""
        forwards = [step.ready(moments) for step in self.steps]

        def forward(x: Tensor) -> Tensor:
            for each in forwards:
                x = each(x)
            return x

        return forward


def block(module: nn.Module) -> Block:
    """The block that computes what a module computes; the module is the block's own from here on."""
    rest, steps, last = deque(_flat(module)), list[Step](), None
    while rest:
        first = rest.popleft()
        folded = _folded(first, rest)
        if folded or normalizations(first):
            last = len(steps)
        steps.append(folded or _branched(first))
    return Block(tuple(steps), last)


def _branched(module: nn.Module) -> Step:
    if type(module) is Residual:
        return Sum(block(module.body))
    if type(module) is ShuffleUnit:
        return Split(block(module.body))
    if type(module) is WideningUnit:
        return Fork(block(module.branch), block(module.body))
    return Plain(module)


def _flat(module: nn.Module) -> list[nn.Module]:
    """The modules that run one after the other."""
    if isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward:
        return [inner for child in module for inner in _flat(child)]
    return [] if type(module) is nn.Identity else [module]


def _folded(conv: nn.Module, rest: deque[nn.Module]) -> Normalized | None:
    """A convolution with the BatchNorm and the activation that follow, which are taken off the rest."""
    norm = rest[0] if rest else None
    if type(conv) is not nn.Conv2d or type(norm) is not nn.BatchNorm2d:
        return None
    exact = conv.weight.dtype in (torch.float32, torch.float64)
    if not exact or conv.padding_mode != "zeros" or norm.running_mean is None:
        return None
    rest.popleft()
    low, high = CUTS[type(rest.popleft())] if rest and type(rest[0]) in CUTS else (None, None)
    return Normalized(conv, norm, low, high)


def kept(module: nn.Module) -> Moments:
    """The moments that a module has."""
    found = {}
    for norm in normalizations(module):
        if norm.running_mean is not None and norm.running_var is not None:
            found[norm] = (norm.running_mean, norm.running_var)
    return found


def fresh(module: nn.Module) -> Moments:
    """Moments to be learned; the first batch replaces them."""
    return {n: (torch.zeros_like(mean), torch.ones_like(var)) for n, (mean, var) in kept(module).items()}
