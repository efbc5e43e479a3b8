"""R-DARTS(L2): DARTS with more weight decay."""

from dataclasses import replace

from gapless.engine.recipe import Recipe
from gapless.methods.darts import darts
from gapless.methods.darts_es import DEVIATIONS, REFERENCE


def r_darts_l2(quick: bool = False) -> Recipe:
    """DARTS with a weight decay of 27e-4, one of the published 3e-4, 9e-4, 27e-4 and 81e-4.

    ``quick`` is ours.
    """
    recipe = darts(quick)
    return replace(
        recipe,
        name="r-darts-l2",
        title="R-DARTS(L2)",
        weights=replace(recipe.weights, weight_decay=27e-4),
        equation=f"{recipe.equation}, with 9 times the weight decay of w",
        terms=("super-net sub-optima",),
        reference=REFERENCE,
        deviations=(
            *recipe.deviations,
            "One search with a weight decay of 27e-4; the paper takes the best of four, with 3e-4, 9e-4, "
            "27e-4 and 81e-4, by validation: set weights.weight_decay for each.",
            DEVIATIONS[0],
        ),
    )
