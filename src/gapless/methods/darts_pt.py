"""DARTS-PT: perturbation-based architecture selection."""

from dataclasses import replace

from gapless.core import ByStage, Cosine
from gapless.engine.recipe import Recipe, Reference
from gapless.methods.darts import darts
from gapless.parts.mask.perturbation import Perturbation

REFERENCE = Reference(
    "Ruochen Wang and Minhao Cheng and Xiangning Chen and Xiaocheng Tang and Cho-Jui Hsieh",
    "Rethinking Architecture Selection in Differentiable NAS",
    "International Conference on Learning Representations",
    2021,
    arxiv="2108.04392",
    code="ruocwang/darts-pt",
)


def darts_pt(quick: bool = False) -> Recipe:
    """Published defaults (sota/cnn/train_search.py, projection.py, exp_scripts/darts-proj-sota.sh): DARTS for
    50 epochs; then 81 for 17 decisions in each kind of cell, in the code one in 5 epochs, the weights going
    on with a tenth of the learning rate, 0.0025 -> 0.001.

    ``quick`` is ours.
    """
    first = darts(quick)
    trained = first.stages[0]
    chosen = replace(trained, epochs=8 if quick else 81, mask=Perturbation(4 if quick else 0))
    rates = (Cosine(0.05, 1e-3), Cosine(5e-3, 1e-3)) if quick else (Cosine(0.025, 1e-3), Cosine(2.5e-3, 1e-3))
    return replace(
        first,
        name="darts-pt",
        title="DARTS with perturbation-based selection",
        stages=(trained, chosen),
        weights=replace(first.weights, lr=ByStage(rates)),
        equation="o* = argmin_o accuracy_val(F without o), edge by edge; then edges, node by node, likewise",
        terms=("discretization loss",),
        reference=REFERENCE,
        deviations=(
            "Between decisions weights and alpha are tuned, as the released code does; the paper speaks of "
            "tuning the super-network.",
            "Decisions are spread evenly over the second stage, one kind of cell at a time, the first after "
            "some epochs and the last at the end; the code decides for both kinds at once, first of all.",
            "Momenta go on in the second stage; the code begins them anew.",
            "The super-network may have the operation 'none', which goes with an edge's decision; the code "
            "searches without it.",
            *first.deviations,
        ),
    )
