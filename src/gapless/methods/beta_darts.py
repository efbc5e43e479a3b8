"""beta-DARTS: DARTS whose alpha is kept from growing."""

from dataclasses import replace

from gapless.core import Linear
from gapless.engine.recipe import Recipe, Reference
from gapless.methods.darts import darts
from gapless.parts.regularize.smooth_max import SmoothMax

REFERENCE = Reference(
    "Peng Ye and Baopu Li and Yikang Li and Tao Chen and Jiayuan Fan and Wanli Ouyang",
    "beta-DARTS: Beta-Decay Regularization for Differentiable Architecture Search",
    "IEEE Conference on Computer Vision and Pattern Recognition",
    2022,
    arxiv="2203.01665",
    code="Sunshine-Ye/Beta-DARTS",
)


def beta_darts(quick: bool = False) -> Recipe:
    """Published defaults (nasbench201/train_search.py, optimizers/darts/architect.py): DARTS of first order
    for 100 epochs, with the smooth maximum of alpha weighed by 50 * epoch / 100.

    ``quick`` is that of DARTS, in which the weight grows from 0 to 50 as well.
    """
    base = darts(quick)
    stage = replace(base.stages[0], regularize=(SmoothMax(Linear(0.0, 50.0, "epoch")),))
    return replace(
        base,
        name="beta-darts",
        title="beta-DARTS",
        stages=(stage if quick else replace(stage, epochs=100),),
        equation="alpha <- alpha - lr * grad_alpha (L_val(w, alpha) + c mean_e log sum_o exp(alpha_eo)), "
        "c from 0 to 50",
        terms=("super-net sub-optima", "discretization loss"),
        reference=REFERENCE,
        deviations=(
            *base.deviations,
            "The released search is on one table of alpha (NAS-Bench-201); where there are several, such as "
            "those of normal and reduction cells, their means are added.",
        ),
    )
