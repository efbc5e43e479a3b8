"""CoNAS: sparse recovery over a one-shot network."""

from gapless.core import Cosine
from gapless.core.training import Optim
from gapless.engine.recipe import Recipe, Reference, Stage
from gapless.engine.select import Explore
from gapless.evaluate.inherited import Inherited
from gapless.explore.conas import Conas
from gapless.parts.sample.uniform import Uniform
from gapless.parts.update.paths import Paths

REFERENCE = Reference(
    "Minsu Cho and Mohammadreza Soltani and Chinmay Hegde",
    "One-Shot Neural Architecture Search via Compressive Sensing",
    "arXiv preprint",
    2019,
    arxiv="1906.02869",
)


def conas(quick: bool = False) -> Recipe:
    """No number of the paper could be looked up: these are ours, with the optimizer of DARTS.

    ``quick`` is ours.
    """
    return Recipe(
        name="conas",
        title="CoNAS",
        stages=(Stage(40 if quick else 150, Paths(), sample=Uniform()),),
        select=Explore(Conas(24, 3), 60, Inherited(4, 64)) if quick else Explore(Conas(100), 400),
        weights=Optim("sgd", Cosine(0.1 if quick else 0.025, 0.001), (0.9, 0), 3e-4, clip=5.0),
        batch=64,
        equation="f(x) ~ sum_S f_S prod_(i in S) x_i, |S| <= 2, by LASSO over measurements; fix the bits of "
        "argmin f; repeat",
        terms=("mathematical error",),
        reference=REFERENCE,
        deviations=(
            "The numbers of epochs, measurements and coefficients and the L1 penalty are ours.",
            "Measurements are of architectures of the space, after training on such; the paper's are of "
            "sub-graphs with any set of operations.",
            "The error on the validation split is measured, not the loss, and the most accurate architecture "
            "of all rounds is taken.",
        ),
    )
