"""Many BatchNorm layers in one call: over stacked channels, or over the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import nn
from torch.nn import functional

Norms = Sequence[nn.BatchNorm2d]


def by_batch(norm: nn.BatchNorm2d) -> bool:
    """Whether it normalises by statistics of the batch."""
    return norm.training or norm.running_mean is None


def normalized(x: torch.Tensor, norms: Norms, gates: Sequence[torch.Tensor] | None = None) -> torch.Tensor:
    """Each layer over its own channels of `n x (layers * c) x h x w`, then times its gate value.

    Args:
        norms: of equal settings, all with scale and shift or all without.
    """
    first = norms[0]
    scale, shift = _affine(norms, gates)
    if by_batch(first):
        return _tracked(x, norms, scale, shift)
    mean = joined([cast(torch.Tensor, norm.running_mean) for norm in norms])
    var = joined([cast(torch.Tensor, norm.running_var) for norm in norms])
    return functional.batch_norm(x, mean, var, scale, shift, False, 0.0, first.eps)


def once(x: torch.Tensor, norms: Norms) -> torch.Tensor:
    """What each of several layers without scale and shift makes of the same `n x c x h x w` by its batch."""
    return _tracked(x, norms, None, None)


def joined(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    return torch.cat(list(parts)) if len(parts) > 1 else parts[0]


def _affine(
    norms: Norms, gates: Sequence[torch.Tensor] | None
) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    scale = shift = None
    if norms[0].affine:
        scale, shift = joined([norm.weight for norm in norms]), joined([norm.bias for norm in norms])
    if gates is None:
        return scale, shift
    gate = torch.stack(list(gates))[:, None].repeat(1, norms[0].num_features).flatten()
    return (gate, None) if scale is None or shift is None else (gate * scale, gate * shift)


def _tracked(
    x: torch.Tensor, norms: Norms, scale: torch.Tensor | None, shift: torch.Tensor | None
) -> torch.Tensor:
    """By the batch, whose statistics go into every layer's running ones as the layer itself would do it."""
    first = norms[0]
    running = first.running_mean
    if running is None or not first.training or not first.track_running_stats:
        return functional.batch_norm(x, None, None, scale, shift, True, 0.0, first.eps)
    mean, var = running.new_zeros(x.shape[1]), running.new_zeros(x.shape[1])
    out = functional.batch_norm(x, mean, var, scale, shift, True, 1.0, first.eps)
    means, variances = (found.view(-1, first.num_features).unbind() for found in (mean, var))
    each = len(norms) // len(means)
    _update(norms, means * each, variances * each)
    return out


@torch.no_grad()
def _update(norms: Norms, means: Sequence[torch.Tensor], variances: Sequence[torch.Tensor]) -> None:
    seen = [cast(torch.Tensor, norm.num_batches_tracked) for norm in norms]
    torch._foreach_add_(seen, 1)
    running = [cast(torch.Tensor, norm.running_mean) for norm in norms]
    running += [cast(torch.Tensor, norm.running_var) for norm in norms]
    found, momentum = [*means, *variances], norms[0].momentum
    if momentum is not None:
        torch._foreach_lerp_(running, found, momentum)
        return
    for average, new, count in zip(running, found, [*seen, *seen], strict=True):
        average.lerp_(new, 1.0 / float(count))
