"""DARTS, first order."""

from gapless.core import Cosine
from gapless.core.training import Optim
from gapless.engine.recipe import Recipe, Reference, Stage
from gapless.engine.select import Discretize
from gapless.parts.relax.softmax import Softmax
from gapless.parts.update.bilevel import Bilevel

REFERENCE = Reference(
    "Hanxiao Liu and Karen Simonyan and Yiming Yang",
    "DARTS: Differentiable Architecture Search",
    "International Conference on Learning Representations",
    2019,
    arxiv="1806.09055",
    code="quark0/darts",
)


def darts(quick: bool = False) -> Recipe:
    """Published defaults (section 3.1; cnn/train_search.py): 50 epochs, batch 64, SGD 0.025 -> 0.001 on a
    cosine, momentum 0.9, weight decay 3e-4, clip 5; Adam(0.5, 0.999) at 3e-4, weight decay 1e-3.

    ``quick`` is ours: 12 epochs with larger steps, for small images on two cores.
    """
    return Recipe(
        name="darts",
        title="DARTS, first order",
        stages=(Stage(12 if quick else 50, Bilevel(order=1), Softmax()),),
        select=Discretize(),
        weights=Optim("sgd", Cosine(0.05 if quick else 0.025, 0.001), (0.9, 0), 3e-4, clip=5.0),
        alphas=Optim("adam", 6e-3 if quick else 3e-4, (0.5, 0.999), 1e-3),
        batch=64,
        equation="alpha <- alpha - lr * grad_alpha L_val(w, alpha); then w <- w - lr * grad_w L_tr(w, alpha)",
        terms=(),
        reference=REFERENCE,
        deviations=(
            "The forward of the alpha step leaves BatchNorm's running statistics alone; in the released code "
            "it updates them, which changes no training step.",
        ),
    )
