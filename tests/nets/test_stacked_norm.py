"""Stacked BatchNorm against its layers one by one."""

import pytest
import torch
from torch import nn

from gapless.nets.stacked_norm import normalized, once


def layers(number, affine, momentum=0.1):
    torch.manual_seed(0)
    found = [nn.BatchNorm2d(3, affine=affine, momentum=momentum).double() for _ in range(number)]
    for norm in found:
        nn.init.normal_(norm.running_mean)
        nn.init.uniform_(norm.running_var, 0.5, 2)
        if affine:
            nn.init.normal_(norm.weight)
            nn.init.normal_(norm.bias)
    return found


def buffers(norms):
    return [buffer for norm in norms for buffer in norm.buffers()]


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("gated", [True, False], ids=["gated", "bare"])
@pytest.mark.parametrize("affine", [True, False], ids=["affine", "plain"])
@pytest.mark.parametrize("mode", ["training", "cumulative", "evaluation", "untracked", "still"])
def test_each_layer_does_what_it_does_alone(mode, affine, gated, number):
    momentum = None if mode == "cumulative" else 0.3
    results = []
    for stacked in (False, True):
        norms = layers(number, affine, momentum)
        for norm in norms:
            norm.train(mode != "evaluation")
            norm.track_running_stats = mode != "still"
            if mode == "untracked":
                norm.running_mean = norm.running_var = norm.num_batches_tracked = None
        x = torch.randn(4, 3 * number, 5, 2, dtype=torch.float64).requires_grad_()
        gates = [torch.tensor(0.3 + i, dtype=torch.float64).requires_grad_() for i in range(number)]
        for _ in range(2):
            if stacked:
                y = normalized(x, norms, gates if gated else None)
            else:
                parts = [norm(part) for norm, part in zip(norms, x.chunk(number, 1), strict=True)]
                y = torch.cat([g * p if gated else p for g, p in zip(gates, parts, strict=True)], 1)
        wanted = [x, *(gates if gated else []), *(p for norm in norms for p in norm.parameters())]
        results.append([y, *torch.autograd.grad(y.sin().sum(), wanted), *buffers(norms)])
    for alone, together in zip(*results, strict=True):
        torch.testing.assert_close(together, alone, rtol=1e-12, atol=1e-12)


def test_once_for_all_layers():
    alone, together = layers(3, affine=False), layers(3, affine=False)
    x = torch.randn(4, 3, 5, 2, dtype=torch.float64)
    expected = [norm(x) for norm in alone]
    found = once(x, together)
    for y in expected:
        torch.testing.assert_close(found, y, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(buffers(together), buffers(alone), rtol=1e-12, atol=1e-12)


def test_a_single_image_of_one_pixel_is_refused_as_by_torch():
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        normalized(torch.randn(1, 3, 1, 1, dtype=torch.float64), layers(1, affine=True))
