"""Once-for-All: progressive shrinking."""

from gapless.core import ByStage, Cosine, Linear
from gapless.core.training import Optim
from gapless.engine.recipe import Recipe, Reference, Stage
from gapless.engine.select import Explore
from gapless.evaluate.inherited import Inherited
from gapless.explore.genetic import Genetic
from gapless.parts.contract import Update
from gapless.parts.sample.shrinking import Shrinking
from gapless.parts.update.distillation import Distillation
from gapless.parts.update.paths import Paths

REFERENCE = Reference(
    "Han Cai and Chuang Gan and Tianzhe Wang and Zhekai Zhang and Song Han",
    "Once-for-All: Train One Network and Specialize it for Efficient Deployment",
    "International Conference on Learning Representations",
    2020,
    arxiv="1908.09791",
    code="mit-han-lab/once-for-all",
)


def ofa(quick: bool = False) -> Recipe:
    """Published defaults (section 4.1; train_ofa_net.py): the largest network for 180 epochs at a learning
    rate of 2.6; then, with its answers as further targets, 120 of one path a step at 0.96, 25 and 120 of two
    at 0.08 and 0.24, 25 and 120 of four likewise; a cosine each, batch 2048, momentum 0.9, weight decay 3e-5,
    label smoothing 0.1.
    Evolution with 25 parents, 50 mutants at a rate of 0.1 and 50 crossovers.

    ``quick`` is ours.
    """
    batch, clip = (64, 5.0) if quick else (2048, 0.0)
    stages: list[tuple[int, float, Update, Shrinking]]
    if quick:
        stages = [
            (8, 0.1, Paths(), Shrinking(1, 0.0)),
            (16, 0.05, Distillation(), Shrinking(2, Linear(0.0, 1.0))),
        ]
        select = Explore(Genetic(12, 4, 4, 4), 48, Inherited(4, 64))
    else:
        stages = [
            (180, 2.6, Paths(), Shrinking(1, 0.0)),
            (120, 0.96, Distillation(), Shrinking(1, 0.5)),
            (25, 0.08, Distillation(), Shrinking(2, 0.75)),
            (120, 0.24, Distillation(), Shrinking(2, 1.0)),
            (25, 0.08, Distillation(), Shrinking(4, 1.0)),
            (120, 0.24, Distillation(), Shrinking(4, 1.0)),
        ]
        select = Explore(Genetic(100, 25, 50, 50, rate=0.1), 16_000, Inherited(20, 100))
    lr = ByStage(tuple(Cosine(rate, per="step") for _, rate, _, _ in stages))
    return Recipe(
        name="ofa",
        title="Once-for-All",
        stages=tuple(Stage(epochs, update, sample=part) for epochs, _, update, part in stages),
        select=select,
        weights=Optim("sgd", lr, (0.9, 0), 3e-5, clip=clip, nesterov=not quick),
        batch=batch,
        label_smoothing=0.0 if quick else 0.1,
        equation="w <- w - lr * grad_w (L_tr(F(x; a, w)) + KL(p_largest || p_a)), a ~ U(dearest options, "
        "ever more of them); then argmax_a accuracy_val(a, w) by evolution",
        terms=("super-net sub-optima", "discretization loss", "deployment gap"),
        reference=REFERENCE,
        deviations=(
            "All choices shrink together, to half of their options first, then three quarters, then all; "
            "published are kernel sizes, then depths in two steps, then widths in two.",
            "Where options do not share one tensor, as kernels and widths of gapless.nn do, each has weights "
            "of its own, which begin to learn when it is first drawn.",
            "Images have one size; biases and BatchNorm decay like all other weights; no stage warms up; "
            "pupils drop no features.",
            "Kernels are cut out of larger ones without a learnt transformation; channels are not sorted.",
            "Evolution scores 16,000 sub-networks by shared weights; published, that many teach a predictor "
            "of accuracy, which scores for the evolution.",
        ),
    )
