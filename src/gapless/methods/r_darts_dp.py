"""R-DARTS(DP): DARTS with drop path that grows."""

from dataclasses import replace

from gapless.core import Linear
from gapless.engine.recipe import Recipe
from gapless.methods.darts import darts
from gapless.methods.darts_es import DEVIATIONS, REFERENCE


def r_darts_dp(quick: bool = False) -> Recipe:
    """DARTS with drop path from 0 to 0.2 on a line, one of the published ends 0, 0.2, 0.4 and 0.6.

    ``quick`` is ours.
    """
    recipe = darts(quick)
    stage = replace(recipe.stages[0], drop_path=Linear(0.0, 0.2, per="epoch"))
    return replace(
        recipe,
        name="r-darts-dp",
        title="R-DARTS(DP)",
        stages=(stage,),
        equation=f"{recipe.equation}, each edge dropped for an image with a probability that grows to 0.2",
        terms=("super-net sub-optima",),
        reference=REFERENCE,
        deviations=(
            *recipe.deviations,
            "One search up to 0.2; the paper takes the best of four, up to 0, 0.2, 0.4, 0.6, by validation: "
            "set drop_path.end for each.",
            "The probability is that of epoch e of E at e / E; the released code has e / (E - 1).",
            "The published cutout, whose probability grows as well, is left out.",
            DEVIATIONS[0],
        ),
    )
