"""Amended-DARTS."""

from dataclasses import replace

from gapless.engine.recipe import Recipe, Reference
from gapless.methods.darts import darts
from gapless.parts.update.formula import Formula
from gapless.parts.update.matrix import Hessian

REFERENCE = Reference(
    "Kaifeng Bi and Changping Hu and Lingxi Xie and Xin Chen and Longhui Wei and Qi Tian",
    "Stabilizing DARTS with Amended Gradient Estimation on Architectural Parameters",
    "arXiv preprint",
    2019,
    arxiv="1910.11831",
    code="chengaopro/AdversarialNAS",
)


def amended_darts(quick: bool = False) -> Recipe:
    """DARTS whose second term has the Hessian H in the place of its inverse: c = eta = 0.1, M = H at w.

    Both products are finite differences of radius 0.01, as in the code named in the reference, which takes
    them over from what was submitted with the paper.
    """
    first = darts(quick)
    return replace(
        first,
        name="amended-darts",
        title="Amended-DARTS",
        stages=(replace(first.stages[0], update=Formula(c=0.1, matrix=Hessian())),),
        equation="alpha <- alpha - lr * (grad_alpha L_val - eta * d2_alpha_w L_tr . H . grad_w L_val), "
        "H = d2_w L_tr, all at (w, alpha); then w <- w - lr * grad_w L_tr(w, alpha)",
        terms=("mathematical error",),
        reference=REFERENCE,
        deviations=(
            *first.deviations,
            "No released code was found; eta and the differences were read in another project, which cites "
            "the submission; all other numbers are those of DARTS and were not verified.",
            "The paper also searches with the depth, width and dropout of the final training; that is left "
            "to the shape of the search.",
            "The paper claims that the second term is never more than 90 degrees from the true one; in "
            "least squares of a large condition number it can be (docs/updates.md).",
        ),
    )
