"""DDPNAS: dynamic distribution pruning."""

from gapless.core import Cosine
from gapless.core.training import Optim
from gapless.engine.recipe import Recipe, Reference, Stage
from gapless.engine.select import Discretize
from gapless.parts.mask.lowest import Lowest
from gapless.parts.relax.softmax import Softmax
from gapless.parts.sample.from_p import FromP
from gapless.parts.update.score import Score

REFERENCE = Reference(
    "Xiawu Zheng and others",
    "Dynamic Distribution Pruning for Efficient Network Architecture Search",
    "arXiv preprint",
    2019,
    arxiv="1905.13543",
    code="MAC-AutoML/XNAS",
)


def ddpnas(quick: bool = False) -> Recipe:
    """Published defaults (configs/search/SNG/DDPNAS_darts_cifar10.yaml, search_algorithm/DDPNAS.py): batch
    256, SGD at 0.025 on a cosine, 3 rounds a deletion, which are 84 epochs with 8 operations; rate of the
    distribution 0.01.

    ``quick`` is ours.
    """
    stage = Stage(
        40 if quick else 84,
        Score(4 if quick else 1, rate=0.1),
        Softmax(),
        sample=FromP(),
        mask=Lowest(),
    )
    return Recipe(
        name="ddpnas",
        title="DDPNAS",
        stages=(stage,),
        select=Discretize(),
        weights=Optim("sgd", Cosine(0.1 if quick else 0.025, per="step"), (0.9, 0), 3e-4, clip=5.0),
        alphas=Optim("adam", 5e-2 if quick else 1e-2, (0.5, 0.999), 0.0),
        batch=64 if quick else 256,
        equation="w <- w - lr * grad_w L_tr(F(x; a, w)), a ~ p; alpha <- alpha + lr * (accuracy_val(a) - b) "
        "grad_alpha log p(a); every few epochs the option with the lowest p of each choice is deleted",
        terms=("discretization loss",),
        reference=REFERENCE,
        deviations=(
            "p climbs the gradient of the expected validation accuracy, estimated in every step; the "
            "released code measures an architecture after each epoch and adds a softmax of the accuracies of "
            "the options of a choice, smoothed by a momentum, to p.",
            "Architectures are drawn by p, as the paper says; in the released code every option that is left "
            "is trained once a round.",
            "Options are deleted one by one down to one; the released code keeps the last operation with and "
            "the last without parameters of each edge.",
            "Where an architecture picks its edges, the strongest are taken at the end, as in DARTS.",
            "Momentum, weight decay and clip are those of DARTS; what the paper sets was not verified.",
        ),
    )
