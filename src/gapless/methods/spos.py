"""Single Path One-Shot."""

from gapless.core import Cosine, Linear
from gapless.core.training import Optim
from gapless.engine.recipe import Recipe, Reference, Stage
from gapless.engine.select import Explore
from gapless.evaluate.inherited import Inherited
from gapless.explore.genetic import Genetic
from gapless.parts.sample.uniform import Uniform
from gapless.parts.update.paths import Paths

REFERENCE = Reference(
    "Zichao Guo and Xiangyu Zhang and Haoyuan Mu and Wen Heng and Zechun Liu and Yichen Wei and Jian Sun",
    "Single Path One-Shot Neural Architecture Search with Uniform Sampling",
    "European Conference on Computer Vision",
    2020,
    arxiv="1904.00420",
    code="megvii-model/SinglePathOneShot",
)


def spos(quick: bool = False) -> Recipe:
    """Published defaults (section 4; src/Supernet/train.py, src/Search/search.py): batch 1024, learning rate
    0.5 falling linearly, momentum 0.9, weight decay 4e-5, label smoothing 0.1, 150,000 steps, which are 120
    epochs of ImageNet; then 20 generations of 50, statistics recomputed on 200 batches of 128.

    ``quick`` is ours.
    """
    if quick:
        stage, batch = Stage(40, Paths(), sample=Uniform()), 64
        weights = Optim("sgd", Cosine(0.1, per="step"), (0.9, 0), 4e-5, clip=5.0)
        select = Explore(Genetic(12, 4, 4, 4), 48, Inherited(4, 64))
    else:
        stage, batch = Stage(120, Paths(), sample=Uniform()), 1024
        weights = Optim("sgd", Linear(0.5, 0.0), (0.9, 0), 4e-5)
        select = Explore(Genetic(50, 10, 25, 25, rate=0.1), 1000, Inherited(200, 128))
    return Recipe(
        name="spos",
        title="Single Path One-Shot",
        stages=(stage,),
        select=select,
        weights=weights,
        batch=batch,
        label_smoothing=0.0 if quick else 0.1,
        equation="w <- w - lr * grad_w L_tr(F(x; a, w)), a ~ U(space); "
        "then argmax_a accuracy_val(a, w) by evolution",
        terms=("discretization loss", "super-net sub-optima"),
        reference=REFERENCE,
        deviations=(
            "Architectures are drawn uniformly; the released code draws them uniformly within bins of FLOPs "
            "below a target.",
            "All weights decay; in the released code biases and other parameters of one dimension do not.",
        ),
    )
