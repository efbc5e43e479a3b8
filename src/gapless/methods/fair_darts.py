"""Fair DARTS: operations that do not compete."""

from gapless.core import Cosine
from gapless.core.training import Optim
from gapless.engine.recipe import Recipe, Reference, Stage
from gapless.engine.select import Discretize
from gapless.parts.mask.threshold import Threshold
from gapless.parts.regularize.zero_one import ZeroOne
from gapless.parts.relax.sigmoid import Sigmoid
from gapless.parts.update.bilevel import Bilevel

REFERENCE = Reference(
    "Xiangxiang Chu and Tianbao Zhou and Bo Zhang and Jixiang Li",
    "Fair DARTS: Eliminating Unfair Advantages in Differentiable Architecture Search",
    "European Conference on Computer Vision",
    2020,
    arxiv="1911.12126",
    code="xiaomi-automl/FairDARTS",
)


def fair_darts(quick: bool = False) -> Recipe:
    """Published defaults (fairdarts/train_search.py): 50 epochs, batch 128, SGD 0.005 -> 0.001 on a cosine,
    momentum 0.9, weight decay 3e-4, clip 5; Adam(0.9, 0.999) at 3e-3, weight decay 1e-3; zero-one loss of
    weight 10; operations of at least 0.85.

    ``quick`` is ours: 16 epochs of batch 64 with larger steps.
    """
    stage = Stage(16 if quick else 50, Bilevel(order=1), Sigmoid(), regularize=(ZeroOne(10.0),))
    return Recipe(
        name="fair-darts",
        title="Fair DARTS",
        stages=(stage,),
        select=Discretize(Threshold(0.85)),
        weights=Optim("sgd", Cosine(0.05 if quick else 0.005, 0.001), (0.9, 0), 3e-4, clip=5.0),
        alphas=Optim("adam", 5e-2 if quick else 3e-3, (0.9, 0.999), 1e-3),
        batch=64 if quick else 128,
        equation="alpha <- alpha - lr * grad_alpha (L_val(w, z) - w01 * mean (z - 1/2)^2), "
        "z = sigmoid(alpha)",
        terms=("super-net sub-optima", "discretization loss"),
        reference=REFERENCE,
        deviations=(
            "A node keeps as many inputs as the space says, the strongest, even if they are below 0.85; the "
            "released code drops those, so its nodes may have fewer.",
            "Where an architecture may have 'none', an edge without an operation of at least 0.85 gets it; "
            "its gate enters the zero-one loss, where it stays at 1/2.",
            "The zero-one loss is not added in the weight step, on which it has no effect.",
            "The forward of the alpha step leaves BatchNorm's running statistics alone; in the released code "
            "it updates them, which changes no training step.",
        ),
    )
