"""One path through a chain of inverted residuals, on plain tensors (Guo et al. 2019; Chu et al. 2019).

A layer is ``identity`` (a strided pointwise convolution where shapes change) or ``k<kernel>e<expansion>``:
expand, depthwise, project, the input added where shapes agree (Sandler et al. 2018). BatchNorms within
layers have neither scale nor shift. The super-network's step on paths a_1 .. a_m is
``w <- w - lr * v``, ``v <- momentum * v + sum_k dL(F(x; a_k, w)) / dw + decay * w``, for the weights that
a path touches; the others stay.
"""

import re

import torch
from tests.oracles.darts import sgd
from torch.nn import functional


def norm(x):
    return functional.batch_norm(x, None, None, training=True)


def layer(x, option, w, at, stride, width):
    same = stride == 1 and x.shape[1] == width
    if option == "identity":
        return x if same else norm(functional.conv2d(x, w[f"{at}/point"], stride=stride))
    kernel, expansion = map(int, re.fullmatch(r"k(\d+)e(\d+)", option).groups())
    y = x
    if expansion > 1:
        y = functional.relu6(norm(functional.conv2d(y, w[f"{at}/expand"])))
    y = functional.relu6(
        norm(functional.conv2d(y, w[f"{at}/depth"], None, stride, kernel // 2, groups=y.shape[1]))
    )
    y = norm(functional.conv2d(y, w[f"{at}/project"]))
    return x + y if same else y


def logits(x, picks, w, widths, strides):
    """``picks``: an option for each layer; ``widths``: channels of each layer."""
    x = functional.conv2d(x, w["stem"], padding=1)
    x = functional.relu6(
        functional.batch_norm(x, None, None, w["stem/scale"], w["stem/shift"], training=True)
    )
    for i, (option, width, stride) in enumerate(zip(picks, widths, strides, strict=True)):
        x = layer(x, option, w, f"layer{i}/{option}", stride, width)
    x = functional.batch_norm(
        functional.conv2d(x, w["head"]), None, None, w["head/scale"], w["head/shift"], training=True
    )
    return functional.linear(
        functional.adaptive_avg_pool2d(functional.relu6(x), 1).flatten(1), w["out"], w["out/shift"]
    )


def gradient(batch, picks, w, widths, strides):
    """dL/dw of one path, of the weights that it touches."""
    x, y = batch
    w = {name: value.detach().clone().requires_grad_() for name, value in w.items()}
    loss = functional.cross_entropy(logits(x, picks, w, widths, strides), y)
    found = torch.autograd.grad(loss, list(w.values()), allow_unused=True)
    return {name: g for name, g in zip(w, found, strict=True) if g is not None}


def step(batch, paths, w, velocity, widths, strides, lr, momentum, decay):
    """One step on the sum of the paths' gradients; changes ``w`` and ``velocity``."""
    total = {}
    for picks in paths:
        for name, g in gradient(batch, picks, w, widths, strides).items():
            total[name] = total[name] + g if name in total else g
    sgd(w, total, velocity, lr, momentum, decay)
