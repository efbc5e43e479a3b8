"""DARTS, second order."""

from dataclasses import replace

from gapless.engine.recipe import Recipe
from gapless.methods.darts import darts
from gapless.parts.update.bilevel import Bilevel


def darts_2nd(quick: bool = False) -> Recipe:
    """DARTS with the virtual weight step; xi is the current learning rate of the weights (section 2.3)."""
    first = darts(quick)
    stage = replace(first.stages[0], update=Bilevel(order=2))
    return replace(
        first,
        name="darts-2nd",
        title="DARTS, second order",
        stages=(stage,),
        equation="alpha <- alpha - lr * (grad_alpha L_val(w', alpha) - "
        "xi * d2_alpha_w L_tr(w, alpha) grad_w' L_val), "
        "w' = w - xi * grad_w L_tr(w, alpha) (with momentum and weight decay)",
        deviations=(
            *first.deviations,
            "The two sides of the finite difference are computed at copies of the weights; the released code "
            "moves the weights there and back, which leaves rounding errors in them.",
        ),
    )
