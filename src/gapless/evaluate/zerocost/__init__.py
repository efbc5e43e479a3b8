"""Zero-cost scores: what a network is worth before it is trained, from one batch of images; by name.

A score is a function ``score(net, images, labels, seed) -> float``, the higher the better, with images
`n x c x h x w` and classes `n`. It works on a copy: weights, statistics, gradients, modes and hooks of the
network stay as they are. ``seed`` is for those that draw numbers. A network that a score cannot rank because
nothing flows through it gets ``-inf``.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from gapless.core.index import Index

Score = Callable[[nn.Module, Tensor, Tensor, int], float]

INDEX: Index[float] = Index(
    "zero-cost score",
    {
        "expressivity": "gapless.evaluate.zerocost.expressivity:expressivity",
        "fisher": "gapless.evaluate.zerocost.fisher:fisher",
        "grad-norm": "gapless.evaluate.zerocost.grad_norm:grad_norm",
        "grasp": "gapless.evaluate.zerocost.grasp:grasp",
        "jacob-cov": "gapless.evaluate.zerocost.jacob_cov:jacob_cov",
        "macs": "gapless.evaluate.zerocost.size:macs",
        "naswot": "gapless.evaluate.zerocost.naswot:naswot",
        "params": "gapless.evaluate.zerocost.size:params",
        "snip": "gapless.evaluate.zerocost.snip:snip",
        "synflow": "gapless.evaluate.zerocost.synflow:synflow",
        "zen": "gapless.evaluate.zerocost.zen:zen",
    },
)


def get(name: str) -> Score:
    """The score of that name.

    Raises:
        UnknownName: with the nearest name as a suggestion.
    """
    return INDEX.maker(name)


def names() -> list[str]:
    """Names of all zero-cost scores."""
    return sorted(INDEX)
