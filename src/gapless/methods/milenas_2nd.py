"""MiLeNAS, second order."""

from dataclasses import replace

from gapless.engine.recipe import Recipe
from gapless.methods.milenas import milenas
from gapless.parts.update.formula import Formula


def milenas_2nd(quick: bool = False) -> Recipe:
    """MiLeNAS whose two losses are both taken after the virtual weight step of DARTS.

    Published defaults (search_algorithm/train_milenas_2nd.py): as `milenas`; xi is the current learning rate.
    """
    first = milenas(quick)
    update = Formula(train=1.0, val=1.0, c="lr", point="ahead")
    return replace(
        first,
        name="milenas-2nd",
        title="MiLeNAS, second order",
        stages=(replace(first.stages[0], update=update),),
        equation="alpha <- alpha - lr * (grad_alpha L(w', alpha) - xi * d2_alpha_w L_tr(w, alpha) "
        "grad_w' L), L = L_tr + lambda * L_val, w' = w - xi * grad_w L_tr(w, alpha) "
        "(with momentum and weight decay)",
        deviations=(
            *first.deviations,
            "One finite difference along the gradient of both losses together; the released code takes one "
            "along each, which differs by the error of the differences.",
            "The two sides of the finite difference are computed at copies of the weights; the released code "
            "moves the weights there and back, which leaves rounding errors in them.",
        ),
    )
