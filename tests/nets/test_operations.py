"""Operations: shapes at every size, and the compound ones written out in plain functions."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from gapless.nets import operations
from gapless.nets.seeded import seeded

BUILDERS = {
    "relu_conv_norm1": operations.relu_conv_norm(1),
    "relu_conv_norm3": operations.relu_conv_norm(3),
    "separable3": operations.separable(3),
    "separable5": operations.separable(5),
    "dilated3": operations.dilated(3),
    "dilated5": operations.dilated(5),
    "max": operations.pool("max", False),
    "avg_norm": operations.pool("avg", True),
    "skip": operations.skip,
    "k3e1": operations.inverted_residual(3, 1),
    "k7e6": operations.inverted_residual(7, 6),
    "identity": operations.identity_or_projection,
}
SIZES = [(8, 8), (7, 7), (9, 13), (4, 5), (2, 3), (1, 1)]


def made(build, c_in, c_out, stride, affine=True):
    """An operation in float64 evaluation mode with random scale, shift and statistics."""
    with seeded(3):
        module = build(c_in, c_out, stride, affine).double().eval()
        for layer in module.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.running_mean.uniform_(-1, 1)
                layer.running_var.uniform_(0.5, 2)
                if layer.affine:
                    nn.init.uniform_(layer.weight, 0.5, 2)
                    nn.init.uniform_(layer.bias, -1, 1)
    return module


def images(channels, size):
    draw = torch.Generator().manual_seed(5)
    return torch.randn(2, channels, *size, generator=draw, dtype=torch.float64)


def normalized(x, layer):
    return functional.batch_norm(x, layer.running_mean, layer.running_var, layer.weight, layer.bias, eps=1e-5)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("name", BUILDERS)
def test_shapes(name, stride, size):
    for c_out in (4,) if name in ("max", "avg_norm") else (4, 5):
        for affine in (True, False):
            y = made(BUILDERS[name], 4, c_out, stride, affine)(images(4, size))
            assert y.shape == (2, c_out, math.ceil(size[0] / stride), math.ceil(size[1] / stride))
            assert torch.isfinite(y).all()


@pytest.mark.parametrize("name", BUILDERS)
def test_affine_means_scale_and_shift(name):
    norms = [m for m in made(BUILDERS[name], 4, 4, 2, False).modules() if isinstance(m, nn.BatchNorm2d)]
    assert all(not m.affine and m.track_running_stats for m in norms)


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("stride", [1, 2])
def test_separable_written_out(kernel, stride):
    module, x = made(operations.separable(kernel), 3, 4, stride), images(3, (9, 7))
    depth1, point1, norm1, depth2, point2, norm2 = (module[i] for i in (1, 2, 3, 5, 6, 7))
    y = functional.conv2d(functional.relu(x), depth1.weight, None, stride, kernel // 2, 1, groups=3)
    y = normalized(functional.conv2d(y, point1.weight), norm1)
    y = functional.conv2d(functional.relu(y), depth2.weight, None, 1, kernel // 2, 1, groups=3)
    y = normalized(functional.conv2d(y, point2.weight), norm2)
    assert torch.allclose(module(x), y, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kernel", [3, 5])
def test_dilated_reaches_twice_as_far(kernel):
    """A 3x3 kernel of dilation 2 sees a 5x5 field, a 5x5 kernel a 9x9 field."""
    module, reach = made(operations.dilated(kernel), 2, 2, 1), kernel - 1
    x = images(2, (13, 13)).abs().requires_grad_()
    module(x)[0, :, 6, 6].sum().backward()
    seen = x.grad[0].abs().sum(0).nonzero()
    assert seen.min(0).values.tolist() == [6 - reach, 6 - reach]
    assert seen.max(0).values.tolist() == [6 + reach, 6 + reach]
    assert len(seen) == kernel**2


def test_average_at_the_border_counts_what_is_there():
    ones = torch.ones(1, 4, 5, 6, dtype=torch.float64)
    for stride in (1, 2):
        y = made(operations.pool("avg", False), 4, 4, stride)(ones)
        assert torch.allclose(y, torch.ones_like(y))


def test_normalized_pool_has_no_scale():
    pool, norm = operations.pool("max", True)(4, 4, 1, True)
    assert isinstance(pool, nn.MaxPool2d)
    assert not norm.affine
    assert isinstance(operations.pool("max", False)(4, 4, 1, True), nn.MaxPool2d)


@pytest.mark.parametrize("size", [(8, 8), (7, 8), (9, 13), (1, 1)])
def test_factorized_reduce_written_out(size):
    """Even pixels through one convolution, odd pixels through the other; outside the image is zero."""
    module, x = made(operations.skip, 3, 5, 2), images(3, size)
    positive = functional.pad(functional.relu(x), (0, size[1] % 2, 0, size[0] % 2))
    even, odd = positive[:, :, ::2, ::2], positive[:, :, 1::2, 1::2]
    y = [torch.einsum("nchw,oc->nohw", part, conv.weight[:, :, 0, 0])
         for part, conv in ((even, module.conv_1), (odd, module.conv_2))]  # fmt: skip
    assert torch.allclose(module(x), normalized(torch.cat(y, 1), module.bn), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("c_out", "stride"), [(3, 1), (4, 1), (3, 2)])
@pytest.mark.parametrize("expansion", [1, 2])
def test_inverted_residual_written_out(c_out, stride, expansion):
    module, x = made(operations.inverted_residual(5, expansion), 3, c_out, stride), images(3, (6, 7))
    body = list(getattr(module, "body", module))
    y = x
    if expansion > 1:
        y = functional.relu6(normalized(functional.conv2d(y, body[0].weight), body[1]))
        body = body[3:]
    y = functional.conv2d(y, body[0].weight, None, stride, 2, groups=3 * expansion)
    y = functional.relu6(normalized(y, body[1]))
    y = normalized(functional.conv2d(y, body[3].weight), body[4])
    wanted = x + y if (c_out, stride) == (3, 1) else y
    assert torch.allclose(module(x), wanted, rtol=0, atol=1e-12)


def test_identities():
    assert isinstance(operations.skip(4, 4, 1, True), nn.Identity)
    assert isinstance(operations.identity_or_projection(4, 4, 1, True), nn.Identity)
    module, x = made(operations.identity_or_projection, 3, 4, 2), images(3, (5, 6))
    wanted = normalized(functional.conv2d(x, module[0].weight, stride=2), module[1])
    assert torch.allclose(module(x), wanted, rtol=0, atol=1e-12)
