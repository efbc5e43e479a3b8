"""zen: how much a network of Gaussian weights changes when its input does."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from gapless.core.errors import BadValue
from gapless.evaluate.zerocost.calls import Calls
from gapless.evaluate.zerocost.replica import layers, replica
from gapless.nets import fast
from gapless.nets.seeded import seeded

POOLS = frozenset({functional.adaptive_avg_pool2d})
BATCH = 16
MIX = 0.01


def zen(net: nn.Module, images: Tensor, labels: Tensor, seed: int = 0, repeats: int = 8) -> float:
    """``log E|f(x) - f(x + 0.01 e)| + sum_i log sqrt(mean_j s_ij^2)``, mean over draws of weights, x and e.

    f is what the last global average pooling reads, ``|.|`` the sum of absolute values of one image, s_ij the
    standard deviation of channel j that BatchNorm layer i divides by. Weights, x and e are drawn from
    N(0, 1), biases are 0; 16 images; training mode. Only the shape of ``images`` matters. Reference: Lin et
    al. 2021 (Zen-NAS), algorithm 1; idstcv/ZenNAS, ZeroShotProxy/compute_zen_score.py, which repeats 32 times
    and takes the sum of absolute values where the paper has the Frobenius norm.

    Deviation: skip connections stay (the paper removes them); s comes from the batch, as in the paper, not
    from the running statistics of the code; a BatchNorm whose input never varies scales nothing and is left
    out.

    Raises:
        BadValue: no repeat, or a network without global average pooling.
    """
    if repeats < 1:
        raise BadValue(expected="repeats of at least 1", got=f"{repeats}", do="give more")
    twin = replica(net)
    with torch.no_grad(), fast.plain(), seeded(seed, images.device):
        return sum(_drawn(twin, images) for _ in range(repeats)) / repeats


def _drawn(twin: nn.Module, images: Tensor) -> float:
    for module in twin.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
    for layer in layers(twin):
        nn.init.normal_(layer.weight)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    x, e = (torch.randn_like(images[:1].expand(BATCH, -1, -1, -1).contiguous()) for _ in range(2))
    variances: list[float] = []

    def note(_norm: nn.Module, inputs: tuple[Tensor]) -> None:
        variances.append(float(inputs[0].double().var((0, 2, 3), unbiased=False).mean()))

    hooks = [m.register_forward_pre_hook(note) for m in twin.modules() if isinstance(m, nn.BatchNorm2d)]
    try:
        features = _features(twin, x)
    finally:
        for hook in hooks:
            hook.remove()
    change = float((features - _features(twin, x + MIX * e)).double().abs().flatten(1).sum(1).mean())
    if change == 0:
        return -math.inf
    return math.log(change) + sum(math.log(v) / 2 for v in variances if v > 0)


def _features(twin: nn.Module, x: Tensor) -> Tensor:
    pooled: list[Tensor] = []
    with Calls(POOLS, lambda given, _out: pooled.append(given)):
        twin(x)
    if not pooled:
        raise BadValue(
            expected="a network with global average pooling",
            got="none", do="choose a score other than 'zen'",
        )  # fmt: skip
    return pooled[-1]
