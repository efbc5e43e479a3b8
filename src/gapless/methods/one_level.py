"""One level."""

from dataclasses import replace

from gapless.data.policy import AutoAugment
from gapless.engine.recipe import Recipe, Reference
from gapless.methods.darts import darts
from gapless.parts.update.joint import Joint

REFERENCE = Reference(
    "Kaifeng Bi and Lingxi Xie and Xin Chen and Longhui Wei and Qi Tian",
    "GOLD-NAS: Gradual, One-Level, Differentiable",
    "arXiv preprint",
    2020,
    arxiv="2007.03331",
    code="sunsmarterjie/GOLD_NAS",
)


def one_level(quick: bool = False, auto_augment: bool = True, dropout: float = 0.0) -> Recipe:
    """The gates and optimizers of DARTS, moved as in the reference: both at once, on all training images.

    ``quick`` is ours and goes without AutoAugment, whose inversions and shifts are too much for digits.

    Args:
        auto_augment: whether training images are augmented by the policy for CIFAR-10; later by
            ``--set augment=()``.
        dropout: of the features before the classifier; later by ``--set dropout=0.3``.
    """
    first = darts(quick)
    return replace(
        first,
        name="one-level",
        title="One-level optimization",
        stages=(replace(first.stages[0], update=Joint(), dropout=dropout),),
        pooled=True,
        augment=(AutoAugment(),) if auto_augment and not quick else (),
        equation="alpha <- alpha - lr_alpha * grad_alpha L_tr(w, alpha) and "
        "w <- w - lr_w * grad_w L_tr(w, alpha), both from one forward",
        terms=("mathematical error",),
        reference=REFERENCE,
        deviations=(
            "The update rule alone: gates, optimizers, epochs and the reading of the architecture are those "
            "of DARTS; nothing is pruned and size is not penalised.",
            "AutoAugment is on, and dropout before the classifier is there but off, as in the code named in "
            "the reference, which is not the authors' own; what the paper sets was not verified.",
            "Cutout and the auxiliary classifier of that code are left out.",
        ),
    )
