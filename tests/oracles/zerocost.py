"""Zero-cost scores of one small network, from the equations, with whole Jacobians and Hessians.

The network: convolution, BatchNorm by the batch, ReLU, convolution, ReLU, mean over pixels, linear layer.
Parameters: ``w1`` and ``w2`` of the convolutions, ``w3`` and ``b3`` of the linear layer.
"""

import math

import torch
from torch.func import grad, jacrev

WEIGHTS = ("w1", "w2", "w3")
EPS = 1e-5


def conv(x, w):
    """3x3 with a border of zeros, as a sum over the nine shifts."""
    n, _, height, width = x.shape
    padded = torch.zeros(n, x.shape[1], height + 2, width + 2, dtype=x.dtype)
    padded[:, :, 1:-1, 1:-1] = x
    shifted = [
        torch.einsum("nchw,kc->nkhw", padded[:, :, i : i + height, j : j + width], w[:, :, i, j])
        for i in range(3)
        for j in range(3)
    ]
    return sum(shifted)


def states(p, x, add=None, norm=True):
    """What each weighted layer and each ReLU gives, and the logits; ``add`` is added to layers' outputs."""
    add = add or {}
    a1 = conv(x, p["w1"]) + add.get("w1", 0)
    mean, var = a1.mean((0, 2, 3), keepdim=True), a1.var((0, 2, 3), keepdim=True, unbiased=False)
    r1 = ((a1 - mean) / (var + EPS).sqrt() if norm else a1).clamp(min=0)
    a2 = conv(r1, p["w2"]) + add.get("w2", 0)
    r2 = a2.clamp(min=0)
    a3 = r2.mean((2, 3)) @ p["w3"].T + p["b3"] + add.get("w3", 0)
    return {"w1": a1, "w2": a2, "w3": a3, "relu1": r1, "relu2": r2, "var1": var}


def loss(p, x, y, add=None):
    logits = states(p, x, add)["w3"]
    chosen = logits[torch.arange(len(y)), y]
    return (logits.exp().sum(1).log() - chosen).mean()


def slopes(p, x, y):
    return grad(lambda p: loss(p, x, y))(p)


def grad_norm(p, x, y):
    g = slopes(p, x, y)
    return sum(math.sqrt((g[k] ** 2).sum()) for k in WEIGHTS)


def snip(p, x, y):
    """The derivative by masks c at c = 1."""
    ones = {k: torch.ones_like(p[k]) for k in WEIGHTS}
    c = grad(lambda c: loss({**p, **{k: c[k] * p[k] for k in WEIGHTS}}, x, y))(ones)
    return sum(c[k].abs().sum() for k in WEIGHTS).item()


def grasp(p, x, y):
    """Minus w' H g, H written out."""
    sizes = [p[k].numel() for k in WEIGHTS]

    def of(flat):
        parts = zip(WEIGHTS, flat.split(sizes), strict=True)
        return loss({**p, **{k: v.reshape(p[k].shape) for k, v in parts}}, x, y)

    w = torch.cat([p[k].flatten() for k in WEIGHTS])
    return -(w @ jacrev(grad(of))(w) @ grad(of)(w)).item()


def fisher(p, x, y):
    found = states(p, x)
    zeros = {k: torch.zeros_like(found[k]) for k in WEIGHTS}
    g = grad(lambda add: loss(p, x, y, add))(zeros)
    total = 0.0
    for k in WEIGHTS:
        a = found[k]
        for channel in range(a.shape[1]):
            for image in range(len(a)):
                felt = (a[image, channel] * g[k][image, channel]).sum().item()
                total += felt**2 / (2 * len(a)) * p[k][0].numel()
    return total


def jacob_cov(p, x, y, k=1e-5):
    j = jacrev(lambda x: states(p, x)["w3"].sum())(x).flatten(1)
    j = j - j.mean(1, keepdim=True)
    lengths = (j**2).sum(1).sqrt()
    v = torch.linalg.eigvalsh(j @ j.T / torch.outer(lengths, lengths))
    return -sum(math.log(one + k) + 1 / (one + k) for one in v.tolist())


def naswot(p, x, y):
    found, n = states(p, x), len(x)
    codes = torch.cat([(found[r] > 0).flatten(1) for r in ("relu1", "relu2")], 1)
    kernel = [[float((codes[i] == codes[j]).sum()) for j in range(n)] for i in range(n)]
    return math.log(abs(torch.linalg.det(torch.tensor(kernel, dtype=torch.float64)).item()))


def expressivity(p, x, y):
    """Spectral entropy of what both convolutions give, by singular values of the centred features."""
    found, whole = states(p, x), 0.0
    for name in ("w1", "w2"):
        rows = found[name].permute(0, 2, 3, 1).reshape(-1, found[name].shape[1])
        power = torch.linalg.svdvals(rows - rows.mean(0)) ** 2
        whole -= sum(q * math.log(q) for q in (power / power.sum()).tolist())
    return whole


def synflow(p, x, y):
    ones = torch.ones_like(x[:1])
    p = {k: v.abs() for k, v in p.items()}
    g = grad(lambda p: states(p, ones, norm=False)["w3"].sum())(p)
    return sum((p[k] * g[k]).abs().sum() for k in WEIGHTS).item()


def zen(draws):
    """Mean over draws of (parameters, x, e)."""
    scores = []
    for p, x, e in draws:
        found = states(p, x)
        change = (found["relu2"] - states(p, x + 0.01 * e)["relu2"]).abs().sum((1, 2, 3)).mean()
        scores.append(math.log(change) + math.log(math.sqrt(found["var1"].mean())))
    return sum(scores) / len(scores)
