"""DARTS-ADA: DARTS-ES that goes on with more weight decay."""

from dataclasses import replace

from gapless.engine.recipe import Recipe
from gapless.methods.darts_es import darts_es, watched
from gapless.parts.observe.reaction import Decay


def darts_ada(quick: bool = False) -> Recipe:
    """DARTS-ES; instead of ending, the search goes on from there with 3 times the weight decay, to 0.0243.

    ``quick`` is ours.
    """
    recipe = darts_es(quick)
    return replace(
        recipe,
        name="darts-ada",
        title="DARTS-ADA",
        stages=(replace(recipe.stages[0], observe=(watched(quick, Decay(3.0, 0.0243)),)),),
        equation="DARTS; when mean eigmax(d2_alpha L_val) > 1.3 times that of 4 epochs ago, go back there "
        "and on with 3 times the weight decay of w",
        deviations=(*recipe.deviations, "After going back the means begin anew."),
    )
