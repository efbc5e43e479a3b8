"""SmoothDARTS with adversarial attack."""

from dataclasses import replace

from gapless.engine.recipe import Recipe
from gapless.methods.sdarts_rs import sdarts_rs
from gapless.parts.perturb.attack import Attack


def sdarts_adv(quick: bool = False) -> Recipe:
    """Published defaults (attacker/perturb.py): 7 steps of projected gradient ascent, of which each is 2/7 of
    the radius; all else as `sdarts_rs`.
    """
    random = sdarts_rs(quick)
    return replace(
        random,
        name="sdarts-adv",
        title="SmoothDARTS, adversarial attack",
        stages=(replace(random.stages[0], perturb=(Attack(),)),),
        equation="w <- w - lr * grad_w max_d L_tr(w, P(gate(alpha) + d)), |d| <= r; "
        "alpha <- alpha - lr * grad_alpha L_val(w, alpha)",
        deviations=(
            "The forward of the alpha step leaves BatchNorm's running statistics alone; in the released code "
            "it counts validation images into them, and the attack normalises by them.",
        ),
    )
