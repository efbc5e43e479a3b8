"""SmoothDARTS with random smoothing."""

from dataclasses import replace

from gapless.engine.recipe import Recipe, Reference
from gapless.methods.darts import darts
from gapless.parts.perturb.simplex import SimplexNoise

REFERENCE = Reference(
    "Xiangning Chen and Cho-Jui Hsieh",
    "Stabilizing Differentiable Architecture Search via Perturbation-based Regularization",
    "International Conference on Machine Learning",
    2020,
    arxiv="2002.05283",
    code="xiangning-chen/SmoothDARTS",
)


def sdarts_rs(quick: bool = False) -> Recipe:
    """Published defaults (sota/cnn/train_search.py): those of DARTS, first order; noise of radius
    0.03 -> 0.3 by epochs, in the weight step only.
    """
    first = darts(quick)
    return replace(
        first,
        name="sdarts-rs",
        title="SmoothDARTS, random smoothing",
        stages=(replace(first.stages[0], perturb=(SimplexNoise(),)),),
        equation="w <- w - lr * grad_w L_tr(w, P(gate(alpha) + d)), d ~ U(-r, r); "
        "alpha <- alpha - lr * grad_alpha L_val(w, alpha)",
        terms=("mathematical error", "discretization loss"),
        reference=REFERENCE,
    )
