"""Networks of published tables of layers: what they compute, on plain tensors, and what they cost.

Sandler et al. 2018 (inverted residual), Ma et al. 2018 and Guo et al. 2019 (units of ShuffleNetV2). A block
is ``(option, channels, stride)``; options are ``k<kernel>e<expansion>``, ``shuffle<kernel>``, ``xception``
and ``identity``.
"""

import re

import torch
from torch.nn import functional


class Costs:
    """Parameters and multiply-accumulate operations, layer by layer; ``side`` is that of the image."""

    def __init__(self, side):
        self.side, self.parameters, self.macs = side, 0, 0

    def conv(self, c_in, c_out, kernel=1, stride=1, groups=1):
        self.side = -(-self.side // stride)
        weights = c_out * (c_in // groups) * kernel * kernel
        self.parameters += weights + 2 * c_out
        self.macs += weights * self.side**2

    def block(self, option, c_in, c_out, stride):
        same = stride == 1 and c_in == c_out
        if option == "identity":
            if not same:
                self.conv(c_in, c_out, 1, stride)
        elif option[0] == "k":
            kernel, expansion = map(int, re.findall(r"\d+", option))
            inner = c_in * expansion
            if expansion > 1:
                self.conv(c_in, inner)
            self.conv(inner, inner, kernel, stride, inner)
            self.conv(inner, c_out)
        else:
            kernel = 3 if option == "xception" else int(option[-1])
            into, inner, side = c_in // 2 if same else c_in, c_out // 2, self.side
            if not same:
                self.conv(c_in, c_in, kernel, stride, c_in)
                self.conv(c_in, c_in)
                self.side = side
            if option == "xception":
                for c, out, s in (into, inner, stride), (inner, inner, 1), (inner, c_out - into, 1):
                    self.conv(c, c, 3, s, c)
                    self.conv(c, out)
            else:
                self.conv(into, inner)
                self.conv(inner, inner, kernel, stride, inner)
                self.conv(inner, c_out - into)


def costs(side, stem, first, blocks, head, classes, bias, stem_stride=2, channels=3):
    """(parameters, MACs) of a whole network on one image; ``first`` of 0 leaves that block out."""
    total = Costs(side)
    total.conv(channels, stem, 3, stem_stride)
    c = stem
    for option, width, stride in ([("k3e1", first, 1)] if first else []) + list(blocks):
        total.block(option, c, width, stride)
        c = width
    total.conv(c, head)
    return total.parameters + (head + bias) * classes, total.macs + head * classes


class Forward:
    """One path in evaluation mode; weights are read off in the order in which layers are listed."""

    def __init__(self, state, activation, eps):
        self.left, self.activation, self.eps = iter(state), activation, eps

    def conv(self, x, stride=1, groups=1, act=False):
        weight = next(self.left)
        x = functional.conv2d(x, weight, None, stride, weight.shape[-1] // 2, groups=groups)
        scale, shift, mean, var, _ = (next(self.left) for _ in range(5))
        x = (x - mean.view(-1, 1, 1)) / (var + self.eps).sqrt().view(-1, 1, 1)
        x = x * scale.view(-1, 1, 1) + shift.view(-1, 1, 1)
        return x.clamp(0, 6 if self.activation == "relu6" else None) if act else x

    def half(self, x, option, stride):
        if option == "xception":
            for s in (stride, 1, 1):
                x = self.conv(self.conv(x, s, x.shape[1]), act=True)
            return x
        x = self.conv(x, act=True)
        return self.conv(self.conv(x, stride, x.shape[1]), act=True)

    def block(self, x, option, width, stride):
        same = stride == 1 and x.shape[1] == width
        if option == "identity":
            return x if same else self.conv(x, stride)
        if option[0] == "k":
            y = x if option.endswith("e1") else self.conv(x, act=True)
            y = self.conv(self.conv(y, stride, y.shape[1], act=True))
            return x + y if same else y
        if same:
            pairs = x.unflatten(1, (-1, 2))
            return torch.cat((pairs[:, :, 0], self.half(pairs[:, :, 1], option, 1)), 1)
        passed = self.conv(self.conv(x, stride, x.shape[1]), act=True)
        return torch.cat((passed, self.half(x, option, stride)), 1)


def logits(x, state, first, blocks, activation, eps, bias, stem_stride):
    """`n x c x h x w` to `n x classes`; ``state`` lists all weights and statistics of the network."""
    net = Forward(state, activation, eps)
    x = net.conv(x, stem_stride, act=True)
    for option, width, stride in ([("k3e1", first, 1)] if first else []) + list(blocks):
        x = net.block(x, option, width, stride)
    x = net.conv(x, act=True).mean((2, 3))
    weight, shift = next(net.left), next(net.left) if bias else None
    assert next(net.left, None) is None, "a weight is left over"
    return functional.linear(x, weight, shift)
