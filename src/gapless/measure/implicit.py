"""The implicit gradient: the derivative of ``L_val(w*(alpha), alpha)`` where the weights are at w*."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from gapless.measure.bench import Bench
from gapless.parts.update.product import Difference, Gradients, dot, filled

Times = Callable[[Gradients], Gradients]
PRODUCT = Difference(1e-4)
"""In float64 so small differences agree with automatic differentiation to 1e-6, and take the fast path."""
HARDER = 10.0
MOST_DAMPING = 1e3


@dataclass(frozen=True)
class Solved:
    """``A x = v`` with ``A = H + damping I``, as far as it was solved.

    Args:
        residual: ``|v - A x| / |v|``.
        negative: the curvature ``p.A p / p.p`` of a direction that had a negative one; 0 where none had.
        products: with H.
    """

    found: Gradients
    residual: float
    negative: float
    products: int


def conjugate(times: Times, v: Gradients, damping: float, steps: int, to: float) -> Solved:
    """Conjugate gradients from zero (Hestenes & Stiefel 1952), up to a direction of no positive curvature."""
    found = [torch.zeros_like(t) for t in v]
    rest = [t.detach().clone() for t in v]
    way, left = rest, float(dot(rest, rest))
    start, products, negative = left, 0, 0.0
    while products < steps and left > to * to * start:
        image = [h + damping * p for h, p in zip(times(way), way, strict=True)]
        products += 1
        curvature, size = float(dot(way, image)), float(dot(way, way))
        if curvature <= 0:
            negative = curvature / size
            break
        length = left / curvature
        found = [x + length * p for x, p in zip(found, way, strict=True)]
        rest = [r - length * h for r, h in zip(rest, image, strict=True)]
        before, left = left, float(dot(rest, rest))
        way = [r + left / before * p for r, p in zip(rest, way, strict=True)]
    return Solved(found, (left / start) ** 0.5 if start else 0.0, negative, products)


@dataclass(frozen=True)
class Implicit:
    """The reference that update rules are held against.

    ``g* = grad_alpha L_val - d2_alpha_w L_tr . (H + damping I)^-1 . grad_w L_val``, H being the Hessian of
    the weights' objective, their decay included.

    Args:
        gradient: g*, flattened, `k`; zeros where nothing depends on alpha.
        direct: its first term alone, `k`.
        damping: what had to be added beyond the weights' decay so that no direction had negative curvature.
        tried: damping and most negative curvature of each attempt before.
    """

    gradient: torch.Tensor
    direct: torch.Tensor
    residual: float
    damping: float
    tried: tuple[tuple[float, float], ...]
    products: int


def flat(parts: Gradients) -> torch.Tensor:
    return torch.cat([part.detach().flatten() for part in parts])


def implicit(bench: Bench, steps: int = 200, to: float = 1e-6, damping: float = 0.0) -> Implicit:
    """The implicit gradient where the bench's weights are; it is the true one where they are at a minimum.

    Damping starts at what is given and grows tenfold, from a thousandth of the curvature along the slope,
    as long as a direction of negative curvature turns up: at a minimum none would.

    Args:
        steps: products with the Hessian at most, for each damping.
        to: the residual at which it is solved.
    """
    alphas, weights = list(bench.alpha.values()), bench.parameters
    x, y = bench.val
    loss = bench.loss(bench.forward(x, bench.mix()), y)
    found = torch.autograd.grad(loss, [*alphas, *weights], allow_unused=True)
    direct, slope = filled(found[: len(alphas)], alphas), filled(found[len(alphas) :], weights)
    slope = [g.detach() for g in slope]
    view: Any = bench  # a rule's view of a search has more than products ask for

    def times(v: Gradients) -> Gradients:
        return PRODUCT.hessian(view, view.train, v)

    tried: list[tuple[float, float]] = []
    products = 0
    while True:
        solved = conjugate(times, slope, bench.decay + damping, steps, to)
        products += solved.products
        if not solved.negative or damping >= MOST_DAMPING:
            break
        tried.append((damping, solved.negative))
        size = float(dot(slope, slope))
        along = abs(float(dot(slope, times(slope)))) / size if size else 1.0
        damping = max(damping * HARDER, along / 1000, 1e-8)
    response = filled(PRODUCT.mixed(view, view.train, solved.found), alphas)
    whole = [g - h for g, h in zip(direct, response, strict=True)]
    return Implicit(flat(whole), flat(direct), solved.residual, damping, tuple(tried), products)
