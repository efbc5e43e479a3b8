"""Scalable NAS with factorizable architectural parameters."""

from dataclasses import replace

from gapless.engine.recipe import Recipe, Reference
from gapless.methods.pc_darts import pc_darts
from gapless.parts.relax.factorised import Factorised

REFERENCE = Reference(
    "Lanfei Wang and Lingxi Xie and Tianyi Zhang and Jun Guo and Qi Tian",
    "Scalable NAS with Factorizable Architectural Parameters",
    "arXiv preprint",
    2019,
    arxiv="1912.13256",
)


def factorizable(quick: bool = False) -> Recipe:
    """The numbers of PC-DARTS, which the paper builds on, in both presets.

    Meant for ``--space darts-factorised``; where an edge has one choice only, it is PC-DARTS.
    """
    base = pc_darts(quick)
    return replace(
        base,
        name="factorizable",
        title="Factorizable architectural parameters",
        stages=(replace(base.stages[0], relax=Factorised()),),
        equation="node = sum_e softmax(beta)_e sum_o softmax(alpha_e)_o sum_a softmax(gamma_e)_a a(o(x)); "
        "alpha, beta, gamma and w descend as in DARTS",
        terms=(),
        reference=REFERENCE,
        deviations=(
            *base.deviations,
            "The paper's constants and its set of activation functions could not be checked, and no code was "
            "found: the numbers are those of PC-DARTS, the activation functions are the space's.",
            "The channels that pass an edge by meet no activation function.",
        ),
    )
