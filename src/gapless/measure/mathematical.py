"""Mathematical error: how far each update rule's gradient of alpha is from the implicit one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from gapless.engine.run import Run
from gapless.measure.bench import Bench
from gapless.measure.implicit import PRODUCT, Implicit, flat, implicit
from gapless.parts.contract import Batch, Scalars
from gapless.parts.update.formula import Formula
from gapless.parts.update.inverse import Conjugate
from gapless.parts.update.matrix import Hessian
from gapless.parts.update.product import Partial, filled

OWN = "own"


@dataclass(frozen=True)
class Beginning:
    """A rule with the learning rate of the stage's first step: at the end of a cosine xi is about 0, where
    any second order is first order."""

    rule: Formula

    def gradient(self, bench: Bench, train: Batch, val: Batch) -> tuple[Partial, Scalars]:
        view: Any = bench
        with bench.beginning():
            return self.rule.gradient(view, train, val)


RULES: Mapping[str, Formula | Beginning] = {
    "first order": Formula(),
    "second order": Formula(c="lr", point="ahead", product=PRODUCT),
    "second order, first step's learning rate": Beginning(Formula(c="lr", point="ahead", product=PRODUCT)),
    "second order, radius 0.01": Formula(c="lr", point="ahead"),
    "amended": Formula(c=0.1, matrix=Hessian(), product=PRODUCT),
    "mixed-level": Formula(train=1.0),
    "one-level": Formula(train=1.0, val=0.0),
    "implicit, 10 conjugate gradients": Formula(c=1.0, matrix=Conjugate(10, damping=1e-2), product=PRODUCT),
}
"""What every audit compares, with the constants of `gapless.methods`."""


def own(run: Run) -> Any:
    """The run's rule as something with ``gradient(run, train, val)``; None where it has no such thing."""
    update = run.stage.update
    return update if hasattr(update, "gradient") else None


def error(found: torch.Tensor, true: torch.Tensor) -> dict[str, float]:
    """Relative error ``|g - g*| / |g*|``, cosine, and ratio of the norms, of gradients `k`."""
    size, length = float(true.norm()), float(found.norm())
    return {
        "error": float((found - true).norm()) / size if size else math.nan,
        "cosine": float(found @ true) / (size * length) if size and length else math.nan,
        "length": length / size if size else math.nan,
    }


def asked(bench: Bench, rule: Any) -> torch.Tensor:
    """A rule's gradient of alpha where the bench stands, `k`."""
    found, _ = rule.gradient(bench, bench.train, bench.val)
    return flat(filled(found, list(bench.alpha.values())))


def mathematical(
    run: Run,
    images: int = 64,
    evaluations: int = 300,
    products: int = 100,
    to: float = 1e-3,
    advance: Callable[[str], None] = lambda note: None,
) -> dict[str, Any]:
    """Every rule beside the implicit gradient, at the search's last alpha.

    Rules are asked twice: at the search's own weights, where they acted, and at converged ones, so that
    what the rule neglects can be told from weights that are not at their minimum.

    Args:
        images: in the training and in the validation batch.
        evaluations: of the weights' objective, to converge them.
        products: with the Hessian, for each damping.
        to: the norm of the gradient, as a multiple of that at the start, at which weights are converged.
        advance: told what was done, four times.

    Returns:
        ``missing`` where the search has no alpha that a gradient moves; else ``convergence``, ``reference``,
        and under ``rules`` for each rule `error` at both weights.
    """
    if run.stage.relax is None or not run.alpha:
        return {"missing": f"method '{run.recipe.name}' has no alpha that a gradient moves"}
    bench = Bench(run, images)
    advance("the rules at the weights of the search")
    before = _all(bench)
    advance("converging the weights")
    left, done = bench.converge(evaluations, to)
    advance("conjugate gradients")
    reference = implicit(bench, products)
    advance("the rules at converged weights")
    after = _all(bench)
    true = reference.gradient
    return {
        "images": images, "values": true.numel(), "weights": sum(w.numel() for w in bench.parameters),
        "rule": OWN in before,
        "convergence": {"slope": left, "evaluations": done, "reached": left <= to},
        "reference": _told(reference),
        "rules": [
            {"rule": name, "search": _against(before[name], true), "converged": _against(after[name], true)}
            for name in before
        ],
    }  # fmt: skip


def _all(bench: Bench) -> dict[str, torch.Tensor | None]:
    mine = own(bench.run)
    asked_of = RULES if mine is None else {OWN: mine, **RULES}
    return {name: _tried(bench, rule) for name, rule in asked_of.items()}


def _tried(bench: Bench, rule: Any) -> torch.Tensor | None:
    """None where a relaxation cannot be differentiated as the rule needs it."""
    try:
        return asked(bench, rule)
    except RuntimeError:
        return None


def _against(found: torch.Tensor | None, true: torch.Tensor) -> dict[str, float] | None:
    return None if found is None or not bool(torch.isfinite(found).all()) else error(found, true)


def _told(reference: Implicit) -> dict[str, Any]:
    indirect = reference.gradient - reference.direct
    size = float(reference.gradient.norm())
    return {
        "norm": size, "indirect": float(indirect.norm()) / size if size else None,
        "residual": reference.residual, "damping": reference.damping, "products": reference.products,
        "negative": [{"damping": d, "curvature": c} for d, c in reference.tried],
    }  # fmt: skip
