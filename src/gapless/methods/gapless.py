"""gapless: the recipe that the audit of its own gap led to."""

from gapless.core import Cosine
from gapless.core.training import Optim
from gapless.engine.panel import Panel
from gapless.engine.recipe import Recipe, Reference, Stage
from gapless.evaluate.early import Early
from gapless.evaluate.inherited import Inherited
from gapless.explore.predictor_guided import PredictorGuided
from gapless.parts.sample.capacity import Capacity
from gapless.parts.update.paths import Paths

REFERENCE = Reference(
    "Lingxi Xie and Xin Chen and Kaifeng Bi and Longhui Wei and Yuhui Xu and Lanfei Wang and Zhengsu Chen "
    "and An Xiao and Jianlong Chang and Xiaopeng Zhang and Qi Tian",
    "Weight-Sharing Neural Architecture Search: A Battle to Shrink the Optimization Gap",
    "ACM Computing Surveys",
    2021,
    arxiv="2008.01475",
)


def gapless(quick: bool = False) -> Recipe:
    """Ours; ``docs/evidence.md`` has what it was tuned on, how its judges rank, and what it finds.

    Single paths in small images, operations trained the more often the more they have to learn; then
    architectures by the geometric mean of the ranks that shared weights, untrained networks in the depth of
    use, and what these learn at first give them.
    """
    epochs, batch, lr, initial, evaluations = (24, 64, 0.1, 24, 36) if quick else (100, 128, 0.2, 200, 300)
    early = Early(steps=40 if quick else 80, side=8)
    return Recipe(
        name="gapless",
        title="Gapless",
        stages=(Stage(epochs, Paths(), sample=Capacity()),),
        select=Panel(PredictorGuided(initial=initial), evaluations, Inherited(8, 64, held=47), early),
        weights=Optim("sgd", Cosine(lr, per="step"), (0.9, 0), 5e-4, clip=5.0, nesterov=True),
        batch=batch,
        side=16,
        equation="w <- w - lr * grad_w L_tr(F(x; a, w)), P(o) ~ capacity(o); "
        "then argmax_a prod_j rank_j(a)^v_j, j: shared weights, untrained networks, first steps",
        terms=("super-net sub-optima", "weight sharing", "deployment gap", "noise"),
        reference=REFERENCE,
        deviations=(
            "No published system: the reference is the survey whose terms of the gap it was chosen by. All "
            "constants are ours, found on the CIFAR-10 subset in NAS-Bench-201's space, by how they rank "
            "architectures whose test accuracies its table tells.",
        ),
    )
