"""Networks of block cells from a table of layers: what each operation consists of, and nothing else.

A layer is a tuple; ``conv`` and ``norm`` take their numbers, in this order, from one list of tensors.
Zoph et al. 2018; Liu et al. 2018; Real et al. 2019. Blocks are (state, operation, state, operation, combine).
"""

import torch
from torch.nn import functional


def conv(c_in, c_out, high=1, wide=1, stride=(1, 1), dilation=1, groups=1):
    return ("conv", c_in, c_out, high, wide, stride, dilation, groups)


def layers(name, c_in, c_out, s):
    """The layers of an operation."""
    relu, norm, square = ("relu",), ("norm", c_out), (s, s)
    kind, _, size = name.rpartition("_")
    k = int(size[0]) if size[0].isdigit() else 0
    if name == "skip_connect":
        return [] if s == 1 and c_in == c_out else [relu, conv(c_in, c_out, stride=square), norm]
    if kind in ("max_pool", "avg_pool"):
        project = [] if c_in == c_out else [conv(c_in, c_out), norm]
        return [(kind[:3], k, s), *project]
    if kind == "sep_conv":
        once = [relu, conv(c_in, c_in, k, k, square, 1, c_in), conv(c_in, c_in), ("norm", c_in)]
        return [*once, relu, conv(c_in, c_in, k, k, (1, 1), 1, c_in), conv(c_in, c_out), norm]
    if kind == "dil_conv":
        return [relu, conv(c_in, c_in, 3, 3, square, 2, c_in), conv(c_in, c_out), norm]
    if name == "conv_1x1":
        return [relu, conv(c_in, c_out, stride=square), norm]
    inner = {
        "conv_3x3": c_out // 4, "dilated_conv_3x3": c_out // 4,
        "conv_1x3_3x1": 3 * c_out // 8, "conv_1x7_7x1": c_out // 4,
    }[name]  # fmt: skip
    small = ("norm", inner)
    middle = {
        "conv_3x3": [conv(inner, inner, 3, 3, square)],
        "dilated_conv_3x3": [conv(inner, inner, 3, 3, square, 2)],
        "conv_1x3_3x1": [conv(inner, inner, 1, 3, (1, s)), conv(inner, inner, 3, 1, (s, 1))],
        "conv_1x7_7x1": [conv(inner, inner, 1, 7, (1, s)), conv(inner, inner, 7, 1, (s, 1))],
    }[name]
    found = [relu, conv(c_in, inner), small]
    for each in middle:
        found += [relu, each, small]
    return [*found, relu, conv(inner, c_out), norm]


def halve(c_in, c_out):
    return [("halve", c_in, c_out // 2, c_out - c_out // 2), ("norm", c_out)]


def cells(normal, reduce, reductions, channels):
    """Of each cell: layers of its inputs, blocks with their layers, states that leave, output channels.

    An input that nothing reads has no layers.
    ``normal`` and ``reduce`` are (blocks, leaving); ``reductions`` says for each cell which it is.
    """
    before = last = 3 * channels
    halved = False
    for reduces in reductions:
        blocks, leaving = reduce if reduces else normal
        channels *= 2 if reduces else 1
        stride, point = (2 if reduces else 1), lambda c, c_out: [("relu",), conv(c, c_out), ("norm", c_out)]
        inputs = [halve(before, channels) if halved else point(before, channels), point(last, channels)]
        read = {s for a, _, b, _, _ in blocks for s in (a, b)} | set(leaving)
        inputs = [part if i in read else [] for i, part in enumerate(inputs)]
        wide, sides = [channels, channels], []
        for a, op_a, b, op_b, combine in blocks:
            pair = [layers(op, wide[s], channels, stride if s < 2 else 1) for s, op in ((a, op_a), (b, op_b))]
            sides.append((a, pair[0], b, pair[1], combine))
            wide.append(2 * channels if combine == "concat" else channels)
        out = sum(wide[s] for s in leaving)
        yield inputs, sides, leaving, out
        before, last, halved = last, out, reduces


def parameters(normal, reduce, reductions, channels, colours=3, classes=10):
    """Weights of the whole network, every norm with scale and shift."""
    listed = list(cells(normal, reduce, reductions, channels))
    total = 9 * colours * 3 * channels + 6 * channels + listed[-1][-1] * classes + classes
    for inputs, sides, _, _ in listed:
        parts = [*inputs, *(part for side in sides for part in (side[1], side[3]))]
        total += sum(weights(layer) for part in parts for layer in part)
    return total


def weights(layer):
    if layer[0] == "conv":
        _, c_in, c_out, high, wide, _, _, groups = layer
        return c_in // groups * c_out * high * wide
    if layer[0] == "halve":
        return layer[1] * (layer[2] + layer[3])
    return 2 * layer[1] if layer[0] == "norm" else 0


def logits(x, tensors, normal, reduce, reductions, channels):
    """In evaluation mode; ``tensors`` as the layers want them, from first to last."""
    left = iter(tensors)
    x = run(x, [conv(x.shape[1], 3 * channels, 3, 3), ("norm", 3 * channels)], left)
    s0 = s1 = x
    for inputs, sides, leaving, _ in cells(normal, reduce, reductions, channels):
        states = [run(s, part, left) for s, part in zip((s0, s1), inputs, strict=True)]
        for a, first, b, second, combine in sides:
            y, z = run(states[a], first, left), run(states[b], second, left)
            states.append(torch.cat((y, z), 1) if combine == "concat" else y + z)
        s0, s1 = s1, torch.cat([states[s] for s in leaving], 1)
    weight, bias = next(left), next(left)
    assert next(left, None) is None
    return functional.relu(s1).mean((2, 3)) @ weight.T + bias


def run(x, part, left):
    for layer in part:
        x = one(x, layer, left)
    return x


def one(x, layer, left):
    if layer[0] == "relu":
        return x.clamp(min=0)
    if layer[0] == "norm":
        scale, shift, mean, var, _ = (next(left)[..., None, None] for _ in range(5))
        return (x - mean) / (var + 1e-5).sqrt() * scale + shift
    if layer[0] == "conv":
        _, _, _, high, wide, stride, dilation, groups = layer
        pad = dilation * (high - 1) // 2, dilation * (wide - 1) // 2
        return functional.conv2d(x, next(left), None, stride, pad, dilation, groups)
    if layer[0] == "halve":
        x = x.clamp(min=0)
        odd = functional.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:]
        parts = (functional.conv2d(part, next(left), None, 2) for part in (x, odd))
        return torch.cat(tuple(parts), 1)
    kind, k, s = layer
    padded = functional.pad(x, [k // 2] * 4, value=-torch.inf if kind == "max" else 0.0)
    windows = padded.unfold(2, k, s).unfold(3, k, s)
    if kind == "max":
        return windows.amax((-2, -1))
    there = functional.pad(torch.ones_like(x), [k // 2] * 4).unfold(2, k, s).unfold(3, k, s)
    return windows.sum((-2, -1)) / there.sum((-2, -1))
