"""BayesNAS."""

from gapless.core.training import Optim
from gapless.engine.recipe import Recipe, Reference, Stage
from gapless.engine.select import Discretize
from gapless.parts.regularize.ard import Ard
from gapless.parts.relax.switches import Switches
from gapless.parts.update.bayes import Bayes

REFERENCE = Reference(
    "Hongpeng Zhou and Minghao Yang and Jun Wang and Wei Pan",
    "BayesNAS: A Bayesian Approach for Neural Architecture Search",
    "International Conference on Machine Learning",
    2019,
    arxiv="1905.04919",
    code="BayesNAS/BayesNAS",
)


def bayesnas(quick: bool = False) -> Recipe:
    """Published defaults (search/main.py): one epoch of weights alone, one of weights and switches; batch 18,
    SGD 0.1, momentum 0.9, weight decay 1e-4, none for switches; lambda 0.01, one of three shipped runs.
    ``quick`` is ours; its switches start at 0.35, since sums of many operations with weight 1 grow from node
    to node, and nothing normalises what the classifier sees, as the released network does.
    """
    lr, bayes = (0.05, Bayes(probes=4)) if quick else (0.1, Bayes())
    switches = Switches(0.35 if quick else 1.0)
    return Recipe(
        name="bayesnas",
        title="BayesNAS",
        stages=(
            Stage(8 if quick else 1, bayes, switches, freeze_alpha=1.0),
            Stage(4 if quick else 1, bayes, switches, regularize=(Ard(),)),
        ),
        select=Discretize(),
        weights=Optim("sgd", lr, (0.9, 0.0), 1e-4),
        alphas=Optim("sgd", lr / 5 if quick else lr, (0.9, 0.0), 0.0),
        batch=64 if quick else 18,
        equation="(w, s) <- (w, s) - lr * grad (L_tr(w, s) + lambda * sum omega |s|); by epochs "
        "omega = sqrt(|1 / gamma - C / gamma^2|), C = 1 / (1 / gamma + H / lambda), gamma = |s| / omega",
        terms=("discretization loss",),
        reference=REFERENCE,
        deviations=(
            "All cells of a kind share their switches; in the paper each cell has its own, which are "
            "penalised and judged together.",
            "H is estimated by exact Hessian-vector products with random signs; the released code propagates "
            "an approximation layer by layer.",
            "gamma and omega start at 1; in the released code they start at random in [0, 1].",
            "The architecture has as many edges as the space says, those with the largest gamma, and the "
            "operation with the largest gamma on each; in the paper what is below a threshold is removed.",
            "Weights and switches are trained on the same half of the images; the released code has two.",
        ),
    )
