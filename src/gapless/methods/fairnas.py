"""FairNAS: strict fairness."""

from gapless.core import Cosine
from gapless.core.training import Optim
from gapless.engine.recipe import Recipe, Reference, Stage
from gapless.engine.select import Explore
from gapless.evaluate.inherited import Inherited
from gapless.explore.nsga2 import Nsga2
from gapless.parts.sample.fair import StrictlyFair
from gapless.parts.update.paths import Paths

REFERENCE = Reference(
    "Xiangxiang Chu and Bo Zhang and Ruijun Xu",
    "FairNAS: Rethinking Evaluation Fairness of Weight Sharing Neural Architecture Search",
    "International Conference on Computer Vision",
    2021,
    arxiv="1907.01845",
    code="xiaomi-automl/FairNAS",
)


def fairnas(quick: bool = False) -> Recipe:
    """M single-path gradients accumulated, every operation once, then one step (algorithm 1); NSGA-II after.

    ``paper``: 150 epochs, batch 256, learning rate 0.045 on a cosine, momentum 0.9, weight decay 4e-5.
    ``quick`` is ours.
    """
    if quick:
        epochs, batch, evaluations = 12, 64, 48
        weights = Optim("sgd", Cosine(0.05, per="step"), (0.9, 0), 4e-5, clip=5.0)
        select = Explore(Nsga2(12), evaluations, Inherited(4, 64))
    else:
        epochs, batch, evaluations = 150, 256, 14000
        weights = Optim("sgd", Cosine(0.045, per="step"), (0.9, 0), 4e-5)
        select = Explore(Nsga2(70), evaluations, Inherited(200, 128))
    return Recipe(
        name="fairnas",
        title="FairNAS",
        stages=(Stage(epochs, Paths(), sample=StrictlyFair()),),
        select=select,
        weights=weights,
        batch=batch,
        equation="w <- w - lr * sum_{k=1..m} grad_w L_tr(F(x; a_k, w)), "
        "(a_1 .. a_m) a permutation at every choice",
        terms=("super-net sub-optima", "discretization loss"),
        reference=REFERENCE,
        deviations=(
            "The training and NSGA-II constants of the paper preset are quoted from memory of the paper; the "
            "released code is for evaluation only and does not hold them.",
            "Of the Pareto front the most accurate sub-network is returned.",
            "Where an architecture also picks its edges, training keeps every edge live and permutes "
            "operations.",
            "Statistics are recomputed before a sub-network is scored, which the paper does not mention.",
        ),
    )
