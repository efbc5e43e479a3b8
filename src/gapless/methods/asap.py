"""ASAP: a softmax that cools down, and options that die on the way."""

from dataclasses import replace

from gapless.core import Geometric
from gapless.engine.recipe import Recipe, Reference
from gapless.methods.darts import darts
from gapless.parts.mask.falling import Falling
from gapless.parts.relax.softmax import Softmax

REFERENCE = Reference(
    "Asaf Noy and Niv Nayman and Tal Ridnik and Nadav Zamir and Sivan Doveh and Itamar Friedman and "
    "Raja Giryes and Lihi Zelnik-Manor",
    "ASAP: Architecture Search, Anneal and Prune",
    "International Conference on Artificial Intelligence and Statistics",
    2020,
    arxiv="1904.04123",
    code="cogsys-tuebingen/uninas",
)


def asap(quick: bool = False) -> Recipe:
    """Defaults of a third party's code (AsapStrategy): temperature 1.6 * 0.95^epoch, w alone until it is
    below 1.0, which takes 10 of 50 epochs, an option dies below 0.4 / n; the rest is DARTS, first order.

    ``quick`` is ours: 16 epochs.
    """
    recipe = darts(quick)
    cooling = Softmax(temperature=Geometric(1.6, 1.6 * 0.95**50))
    stage = replace(
        recipe.stages[0],
        epochs=16 if quick else 50,
        relax=cooling,
        mask=Falling(0.4),
        freeze_alpha=0.2,
    )
    return replace(
        recipe,
        name="asap",
        title="ASAP",
        stages=(stage,),
        equation="gate_o = exp(alpha_o / t) / sum_o' exp(alpha_o' / t), t = 1.6 * 0.95^epoch; after each "
        "epoch options with gate_o < 0.4 / n die",
        terms=("discretization loss",),
        reference=REFERENCE,
        deviations=(
            *recipe.deviations,
            "The authors' code of the search was not found: temperature, threshold and warm-up are those of "
            "a third party's code, the number of epochs and both optimizers those of DARTS.",
            "n counts the options that are left; a published threshold that changes over time was not "
            "verified and can be given as a schedule.",
            "Temperature and warm-up keep their shape when the number of epochs changes.",
        ),
    )
