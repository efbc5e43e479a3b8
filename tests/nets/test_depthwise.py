"""Depthwise convolution against torch's own, to the second derivative."""

import pytest
import torch
from torch.nn import functional

from gapless.nets.depthwise import depthwise


def theirs(x, weight, stride=1, dilation=1):
    padding = dilation * (weight.shape[-1] // 2)
    return functional.conv2d(x, weight, None, stride, padding, dilation, x.shape[1])


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)])
@pytest.mark.parametrize("kernel", [3, 5, 7])
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (4, 4), (7, 12)])
def test_value_and_derivatives(size, kernel, stride, dilation, layout):
    torch.manual_seed(0)
    x = torch.randn(3, 4, *size, dtype=torch.float64).to(memory_format=layout).requires_grad_()
    weight = (torch.randn(4, 1, kernel, kernel, dtype=torch.float64) / kernel).requires_grad_()
    results = []
    for function in (theirs, depthwise):
        y = function(x, weight, stride, dilation)
        first = torch.autograd.grad(y.square().mean(), (x, weight), create_graph=True)
        second = torch.autograd.grad(sum(g.square().sum() for g in first), (x, weight))
        results.append((y, *first, *second))
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-11)


def test_only_the_gradient_that_is_wanted():
    x, weight = torch.randn(2, 3, 5, 5), torch.randn(3, 1, 3, 3, requires_grad=True)
    depthwise(x, weight, 1, 2).sum().backward()
    ours, weight.grad = weight.grad, None
    theirs(x, weight, 1, 2).sum().backward()
    assert x.grad is None
    torch.testing.assert_close(ours, weight.grad)
