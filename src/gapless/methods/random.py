"""Random search with weight sharing."""

from gapless.core import Cosine
from gapless.core.training import Optim
from gapless.engine.recipe import Recipe, Reference, Stage
from gapless.engine.select import Explore
from gapless.evaluate.inherited import Inherited
from gapless.explore.random import Random
from gapless.parts.sample.uniform import Uniform
from gapless.parts.update.paths import Paths

REFERENCE = Reference(
    "Liam Li and Ameet Talwalkar",
    "Random Search and Reproducibility for Neural Architecture Search",
    "Conference on Uncertainty in Artificial Intelligence",
    2019,
    arxiv="1902.07638",
    code="liamcli/randomNAS_release",
)


def random(quick: bool = False) -> Recipe:
    """Published defaults (section 3.3; benchmarks/cnn/darts/darts_wrapper_discrete.py,
    searchers/random_weight_share.py): batch 64, SGD 0.025 -> 0.001 on a cosine, momentum 0.9, weight decay
    3e-4, then 1,000 random sub-networks scored. ``quick`` is ours.
    """
    epochs, evaluations = (40, 48) if quick else (50, 1000)
    return Recipe(
        name="random",
        title="Random search with weight sharing",
        stages=(Stage(epochs, Paths(), sample=Uniform()),),
        select=Explore(Random(), evaluations, Inherited(4, 64) if quick else Inherited(200, 128)),
        weights=Optim("sgd", Cosine(0.1 if quick else 0.025, 0.001), (0.9, 0), 3e-4, clip=5.0, idle="decay"),
        batch=64,
        equation="w <- w - lr * grad_w L_tr(F(x; a, w)), a ~ U(space); "
        "then the best of N random a on validation",
        terms=("discretization loss",),
        reference=REFERENCE,
        deviations=(
            "50 epochs and clip 5 are those of DARTS; in the released code both are arguments, 100 and 0.25 "
            "where they are not given.",
            "'none' is drawn only where an architecture may have it; the released code draws it like any "
            "other operation.",
            "Every candidate is scored once on the whole validation split with recomputed BatchNorm "
            "statistics; "
            "the released code scores 1,000 on ten batches and the best ten of them again.",
        ),
    )
