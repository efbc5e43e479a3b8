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
    """Released defaults (commit ea8f8ab: configs/search/SNG/DDPNAS_darts_cifar10.yaml, xnas/core/config.py,
    xnas/algorithms/SNG/DDPNAS.py, scripts/search/SNG/search.py): batch 256, SGD 0.025 -> 0.001 on a cosine,
    momentum 0.9, weight decay 5e-4, clip 5; a round has as many epochs as operations are left, and 3 rounds
    a deletion are 3 * (8 + 7 + ... + 2) = 105 epochs down to one.

    ``quick`` is ours.
    """
    stage = Stage(
        40 if quick else 105,
        Score(4 if quick else 1, rate=0.1),
        Softmax(),
        sample=FromP(),
        mask=Lowest(),
    )
    lr = Cosine(0.1, per="step") if quick else Cosine(0.025, 0.001)
    return Recipe(
        name="ddpnas",
        title="DDPNAS",
        stages=(stage,),
        select=Discretize(),
        weights=Optim("sgd", lr, (0.9, 0), 5e-4, clip=5.0, idle="decay"),
        alphas=Optim("adam", 5e-2 if quick else 1e-2, (0.5, 0.999), 0.0),
        batch=64 if quick else 256,
        equation="w <- w - lr * grad_w L_tr(F(x; a, w)), a ~ p; alpha <- alpha + lr * (accuracy_val(a) - b) "
        "grad_alpha log p(a); every few epochs the option with the lowest p of each choice is deleted",
        terms=("discretization loss",),
        reference=REFERENCE,
        deviations=(
            "p climbs the gradient of the expected validation accuracy, estimated in every step, by Adam at "
            "0.01, which is ours; the released code measures an architecture after each epoch and adds a "
            "softmax of what was measured of the options of a choice, smoothed by a momentum, to p, and the "
            "rate of 0.01 in its configuration is not applied.",
            "Architectures are drawn by p in every step, as the paper says; the released code draws one an "
            "epoch uniformly, deleted options among them, half of them with few parameter-free operations.",
            "What is measured is the accuracy of the architecture that was drawn; in that commit it is an "
            "error, and noted for the options of another draw.",
            "The learning rate falls to its end within the 105 epochs; the released code's takes 200, of "
            "which it runs 108, until no option is left.",
            "Where an architecture picks its edges, the strongest are taken at the end, as in DARTS.",
            "What the paper sets was not verified.",
        ),
    )
