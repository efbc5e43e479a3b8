"""DropNAS: grouped operation dropout."""

from gapless.core import Cosine
from gapless.core.training import Optim
from gapless.engine.recipe import Recipe, Reference, Stage
from gapless.engine.select import Discretize
from gapless.parts.perturb.operation_dropout import OperationDropout
from gapless.parts.relax.softmax import Softmax
from gapless.parts.update.joint import Joint
from gapless.parts.update.rescale import Rescale

REFERENCE = Reference(
    "Weijun Hong and Guilin Li and Weinan Zhang and Ruiming Tang and Yunhe Wang and Zhenguo Li and Yong Yu",
    "DropNAS: Grouped Operation Dropout for Differentiable Architecture Search",
    "International Joint Conference on Artificial Intelligence",
    2020,
    arxiv="2201.11679",
    code="wiljohnhong/DropNAS",
)


def dropnas(quick: bool = False) -> Recipe:
    """Published defaults (config.py, search.py): 76 epochs, 14 cells, batch 96, SGD 0.0375 -> 0.0015 on a
    cosine, momentum 0.9, weight decay 3e-4, clip 3; Adam(0.5, 0.999) at 3e-4, weight decay 1e-3; a whole
    group would be dropped with probability 3e-5; all training images, one level.

    ``quick`` is ours.
    """
    stage = Stage(
        12 if quick else 76,
        Rescale(Joint()),
        Softmax(),
        perturb=(OperationDropout(3e-5),),
        depth=1.0 if quick else 1.75,
    )
    rates = (0.05, 0.001) if quick else (0.0375, 0.0015)
    return Recipe(
        name="dropnas",
        title="DropNAS",
        stages=(stage,),
        select=Discretize(),
        weights=Optim("sgd", Cosine(*rates), (0.9, 0), 3e-4, clip=3.0),
        alphas=Optim("adam", 6e-3 if quick else 3e-4, (0.5, 0.999), 1e-3),
        batch=64 if quick else 96,
        pooled=True,
        equation="(alpha, w) <- (alpha, w) - lr * grad L_tr(sum_o k_o exp(alpha_o) o(x) / "
        "sum_o' k_o' exp(alpha_o')), k_o = 0 with probability r^(1/|group of o|); p of the dropped stays",
        terms=("super-net sub-optima",),
        reference=REFERENCE,
        deviations=(
            "The two groups are operations without and with multiplications, which in the space of DARTS are "
            "the published ones.",
            "Weights of a dropped operation rest: no decay, as published, and no momentum either; in the "
            "released code momentum still moves them.",
            "Weight decay is 3e-4 and is a part of the same step; the released code makes a second "
            "step, along the gradient of 3e-4 * |w|^2, which is twice that.",
            "Decay of alpha is likewise a part of its Adam step; the released code makes a second one, along "
            "the gradient of 1e-3 * |alpha|^2 over those alpha whose gradient was above 1e-7 in size.",
            "The search has 14 cells where the search shape has 8, and as many times those of any other.",
        ),
    )
