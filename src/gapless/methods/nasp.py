"""NASP: proximal iterations."""

from dataclasses import replace

from gapless.core.training import Optim
from gapless.engine.recipe import Recipe, Reference, Stage
from gapless.methods.darts import darts
from gapless.parts.relax.proximal import Proximal
from gapless.parts.sample.read_off import ReadOff
from gapless.parts.update.bilevel import Bilevel
from gapless.parts.update.within import Within

REFERENCE = Reference(
    "Quanming Yao and Ju Xu and Wei-Wei Tu and Zhanxing Zhu",
    "Efficient Neural Architecture Search via Proximal Iterations",
    "AAAI Conference on Artificial Intelligence",
    2020,
    arxiv="1905.13577",
    code="xujinfan/NASP-codes",
)


def nasp(quick: bool = False) -> Recipe:
    """Published defaults (codes/train_search.py): those of DARTS, all alpha from 1/2, clipped to [0, 1].

    ``quick`` is ours: 24 epochs with larger steps.
    """
    stage = Stage(24 if quick else 50, Within(Bilevel(order=1)), Proximal(), sample=ReadOff())
    return replace(
        darts(quick),
        name="nasp",
        title="NASP",
        stages=(stage,),
        alphas=Optim("adam", 1e-2 if quick else 3e-4, (0.5, 0.999), 1e-3),
        equation="alpha <- clip(alpha - lr * grad_z L_val(w, z) at z = prox(alpha), 0, 1); "
        "then w <- w - lr * grad_w L_tr(w, prox(alpha)), prox(alpha) the nearest architecture",
        terms=("discretization loss",),
        reference=REFERENCE,
        deviations=(
            "The normal and the reduction cell have the same operations; in the released code they differ.",
            "'none', which the released code does not have, begins at 0 and never has a gradient: where an "
            "architecture may have it, it is chosen when all others have fallen to 0.",
            "The penalty on the number of parameters is left out; its coefficient is 0 in the released code.",
            "In the end edges are compared by the clipped alpha; in the released code by its softmax over "
            "the operations of an edge.",
            "Weights that a step did not touch stay as they are, without momentum or decay.",
            "The forward of the alpha step leaves BatchNorm's running statistics alone; in the released code "
            "it updates them, which changes no training step.",
        ),
    )
