"""SNAS: stochastic neural architecture search."""

from gapless.core import Cosine
from gapless.core.training import Optim
from gapless.engine.recipe import Recipe, Reference, Stage
from gapless.engine.select import Discretize
from gapless.parts.relax.gumbel import Gumbel
from gapless.parts.update.joint import Joint

REFERENCE = Reference(
    "Sirui Xie and Hehui Zheng and Chunxiao Liu and Liang Lin",
    "SNAS: Stochastic Neural Architecture Search",
    "International Conference on Learning Representations",
    2019,
    arxiv="1812.09926",
    code="SNAS-Series/SNAS-Series",
)


def snas(quick: bool = False) -> Recipe:
    """Published defaults (SNAS/README.md, SNAS/train_search.py): 150 epochs, batch 64, temperature 1 -> 0.03,
    SGD 0.025 -> 0.001 on a cosine, momentum 0.9, weight decay 3e-4, clip 5, drop path 0.3; Adam(0.5, 0.999)
    at 3e-4, weight decay 1e-3, clip 10.

    ``quick`` is ours: 20 epochs with larger steps and without drop path.
    """
    stage = Stage(20 if quick else 150, Joint(), Gumbel(), drop_path=0.0 if quick else 0.3)
    return Recipe(
        name="snas",
        title="SNAS",
        stages=(stage,),
        select=Discretize(),
        weights=Optim("sgd", Cosine(0.05 if quick else 0.025, 0.001), (0.9, 0), 3e-4, clip=5.0),
        alphas=Optim("adam", 3e-2 if quick else 3e-4, (0.5, 0.999), 1e-3, clip=10.0),
        batch=64,
        pooled=True,
        equation="alpha and w descend E_G L_tr(w, z), z = softmax((alpha + G) / t), G ~ Gumbel, t -> 0",
        terms=("discretization loss",),
        reference=REFERENCE,
        deviations=(
            "No resource term: its coefficient is 0 here; the released command has 1.5e-3 on the logarithm.",
            "Every edge is kept and its operation may be 'none' in the paper; here a node keeps as many "
            "inputs as the space says, and 'none' only where an architecture may have it.",
            "Adam moves alpha, as in the released code on several devices; on one it is SGD.",
            "Initial values of alpha have mean 0, in the released code 1, which a softmax does not see.",
        ),
    )
