"""GDAS: gradient-based search with a differentiable architecture sampler."""

from gapless.core import Cosine
from gapless.core.training import Optim
from gapless.engine.recipe import Recipe, Reference, Stage
from gapless.engine.select import Discretize
from gapless.parts.relax.straight_through import StraightThrough
from gapless.parts.update.bilevel import Bilevel

REFERENCE = Reference(
    "Xuanyi Dong and Yi Yang",
    "Searching for A Robust Neural Architecture in Four GPU Hours",
    "IEEE/CVF Conference on Computer Vision and Pattern Recognition",
    2019,
    arxiv="1910.04465",
    code="D-X-Y/AutoDL-Projects",
)


def gdas(quick: bool = False) -> Recipe:
    """Published defaults (configs/search-opts/GDAS-NASNet-CIFAR.config, exps/NAS-Bench-201-algos/GDAS.py):
    250 epochs, batch 256, temperature 10 -> 0.1, SGD 0.025 -> 0.001 on a cosine, Nesterov momentum 0.9,
    weight decay 5e-4, clip 5; Adam(0.5, 0.999) at 3e-4, weight decay 1e-3.

    ``quick`` is ours: 60 epochs of batch 64 with larger steps.
    """
    lr = Cosine(0.1 if quick else 0.025, 0.001)
    return Recipe(
        name="gdas",
        title="GDAS",
        stages=(Stage(60 if quick else 250, Bilevel(order=1), StraightThrough()),),
        select=Discretize(),
        weights=Optim("sgd", lr, (0.9, 0), 5e-4, clip=5.0, nesterov=True),
        alphas=Optim("adam", 4e-2 if quick else 3e-4, (0.5, 0.999), 1e-3),
        batch=64 if quick else 256,
        equation="z = onehot(argmax p), grad z = grad p, p = softmax((alpha + G) / t), G ~ Gumbel; "
        "alpha descends L_val(w, z), then w descends L_tr(w, z)",
        terms=("discretization loss",),
        reference=REFERENCE,
        deviations=(
            "The temperature is that of epoch e of E at e / E; the released code has e / (E - 1).",
            "Alpha moves before the weights; in the released code after them.",
            "One draw serves the alpha step and the weight step; the released code draws for each.",
            "An operation that was not drawn gives its gate no gradient; in the released code its gate is "
            "added to the output as a constant, so it has the sum of the output's gradient.",
            "The architecture is that of the last epoch, two edges a node with one operation each; the "
            "released code keeps the best epoch by validation and may take both operations from one edge.",
            "Weights that a step did not touch stay as they are, without momentum or decay.",
        ),
    )
