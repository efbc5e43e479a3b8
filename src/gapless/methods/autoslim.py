"""AutoSlim: a slimmable super-network, slimmed greedily."""

from gapless.core import Cosine, Linear
from gapless.core.training import Optim
from gapless.engine.recipe import Recipe, Reference, Stage
from gapless.engine.slim import Slim
from gapless.evaluate.inherited import Inherited
from gapless.parts.sample.sandwich import Sandwich
from gapless.parts.update.inplace_distillation import InplaceDistillation

REFERENCE = Reference(
    "Jiahui Yu and Thomas Huang",
    "AutoSlim: Towards One-Shot Architecture Search for Channel Numbers",
    "arXiv preprint",
    2019,
    arxiv="1903.11728",
    code="JiahuiYu/slimmable_networks",
)


def autoslim(quick: bool = False) -> Recipe:
    """Published defaults (apps/us_mobilenet_v2_train_val.yml): four paths a step by the sandwich rule, batch
    1024, learning rate 0.5 falling linearly, momentum 0.9, weight decay 1e-4, five batches for statistics;
    a fifth of the 250 epochs (section 4: 10 to 20 %).

    ``quick`` is ours.
    """
    if quick:
        epochs, batch, select = 12, 64, Slim(400, Inherited(4, 64))
        weights = Optim("sgd", Cosine(0.05, per="step"), (0.9, 0), 1e-4, clip=5.0)
    else:
        epochs, batch, select = 50, 1024, Slim(10_000, Inherited(5, 1024))
        weights = Optim("sgd", Linear(0.5, 0.0), (0.9, 0), 1e-4, nesterov=True)
    return Recipe(
        name="autoslim",
        title="AutoSlim",
        stages=(Stage(epochs, InplaceDistillation(), sample=Sandwich(4)),),
        select=select,
        weights=weights,
        batch=batch,
        equation="w <- w - lr * grad_w (L_tr(F(x; a_1, w)) + sum_{k=2..4} KL(p_1 || p_k)), a_1 the dearest, "
        "a_2 the cheapest; then a_1 is made cheaper where accuracy_val suffers least",
        terms=("super-net sub-optima", "discretization loss"),
        reference=REFERENCE,
        deviations=(
            "Any choice is slimmed, not channels alone; where options do not share one tensor each has "
            "weights of its own.",
            "Ways on are scored on the validation split with statistics recomputed; the released code uses "
            "one batch of training images and the statistics of that batch.",
            "Without limits (--max) the most accurate sub-network on the way to the cheapest is found, often "
            "the dearest; published are limits on FLOPs.",
            "Weights of depthwise convolutions, biases and scales decay like all others.",
            "The settings are those of the universally slimmable MobileNetV2: the repository has no training "
            "of AutoSlim's own super-network.",
        ),
    )
