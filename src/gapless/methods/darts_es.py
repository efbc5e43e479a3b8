"""DARTS-ES: DARTS that goes back to before the curvature in alpha rose."""

from dataclasses import replace

from gapless.engine.recipe import Recipe, Reference
from gapless.methods.darts import darts
from gapless.parts.observe.eigenvalue import Eigenvalue
from gapless.parts.observe.reaction import End, Reaction

REFERENCE = Reference(
    "Arber Zela and Thomas Elsken and Tonmoy Saikia and Yassine Marrakchi and Thomas Brox and Frank Hutter",
    "Understanding and Robustifying Differentiable Architecture Search",
    "International Conference on Learning Representations",
    2020,
    arxiv="1909.09656",
    code="automl/RobustDARTS",
)
DEVIATIONS = (
    "The inner step is the first-order one of DARTS; which order the paper's runs have was not verified.",
    "The eigenvalue is measured after every epoch and the means are 4 epochs apart; the released code can "
    "measure every second epoch, and then they are 8 apart.",
    "The largest eigenvalue comes from 20 Lanczos steps with exact products; the code has the whole matrix.",
)


def watched(quick: bool, react: Reaction) -> Eigenvalue:
    """The observer that DARTS-ES and DARTS-ADA share; ``quick`` has shorter means and way back."""
    return Eigenvalue(steps=10, window=3, back=2, react=react) if quick else Eigenvalue(react=react)


def darts_es(quick: bool = False) -> Recipe:
    """Published defaults (src/utils.py, src/search/args.py): DARTS; means of the largest eigenvalue over 5
    epochs, 4 epochs apart, may rise by a factor of 1.3, from epoch 10 on.

    ``quick`` is ours: means over 3 epochs, 2 apart.
    """
    recipe = darts(quick)
    return replace(
        recipe,
        name="darts-es",
        title="DARTS-ES",
        stages=(replace(recipe.stages[0], observe=(watched(quick, End()),)),),
        equation="DARTS; end as 4 epochs ago once mean eigmax(d2_alpha L_val) > 1.3 times that of then",
        terms=("super-net sub-optima",),
        reference=REFERENCE,
        deviations=(*recipe.deviations, *DEVIATIONS),
    )
