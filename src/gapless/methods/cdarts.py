"""CDARTS: cyclic search with an evaluation network."""

from gapless.core import Cosine
from gapless.core.training import Optim
from gapless.engine.recipe import Recipe, Reference, Stage
from gapless.engine.select import Discretize
from gapless.parts.relax.softmax import Softmax
from gapless.parts.update.cyclic import Cyclic

REFERENCE = Reference(
    "Hongyuan Yu and Houwen Peng and Yan Huang and Jianlong Fu and Hao Du and Liang Wang and Haibin Ling",
    "Cyclic Differentiable Architecture Search",
    "IEEE Transactions on Pattern Analysis and Machine Intelligence",
    2022,
    arxiv="2006.10724",
    code="researchmm/CDARTS",
)


def cdarts(quick: bool = False) -> Recipe:
    """Defaults of the released CIFAR-10 command (CyDAS/scripts/run_search_cifar_1gpu.sh, lib/config.py): 2
    epochs of weights alone, then 30 cycles of 1 epoch for the evaluation network and 1 for both; 8 and 20
    cells, batch 64, SGD 0.08, momentum 0.9, weight decay 3e-4, clip 5; Adam(0.5, 0.999) at 3e-4 without
    decay; k = 1, T = 2, smooth L1.

    ``quick`` is ours.
    """
    update = Cyclic(depth=4 / 3) if quick else Cyclic()
    return Recipe(
        name="cdarts",
        title="CDARTS",
        stages=(Stage(14 if quick else 62, update, Softmax(), freeze_alpha=1 / 7 if quick else 1 / 31),),
        select=Discretize(),
        weights=Optim("sgd", Cosine(0.05, 0.001) if quick else 0.08, (0.9, 0), 3e-4, clip=5.0),
        alphas=Optim("adam", 1e-2 if quick else 3e-4, (0.5, 0.999), 0.0),
        batch=64,
        equation="(v, alpha) <- (v, alpha) - lr * grad [(L_val(w, alpha) + L_val(v, a)) / k + k T^2 D], "
        "a = strongest(alpha); then w <- w - lr * grad_w L_tr(w, alpha)",
        terms=("deployment gap", "discretization loss"),
        reference=REFERENCE,
        deviations=(
            "The networks share no stem, and D compares their logits; in the code the stem is shared and D "
            "compares a weighted mean of the logits of three heads, of which two are auxiliary.",
            "While the evaluation network warms up the search network learns too; in the code it waits.",
            "D has a gradient in both networks, as in the code.",
            "The learning rate of the weights is constant, as in effect in the code, which never steps its "
            "schedules.",
            "The L1 penalty on the alpha of pools and skips is left out, and so is the code's parameter of "
            "each edge, by which edges are compared.",
        ),
    )
