"""P-DARTS: the space shrinks while the network grows."""

from gapless.core import Cosine
from gapless.core.training import Optim
from gapless.engine.recipe import Recipe, Reference, Stage
from gapless.engine.select import Discretize
from gapless.parts.mask.lowest_k import LowestK
from gapless.parts.mask.skip_limit import SkipLimit
from gapless.parts.perturb.skip_dropout import Fading, SkipDropout
from gapless.parts.relax.softmax import Softmax
from gapless.parts.update.bilevel import Bilevel

REFERENCE = Reference(
    "Xin Chen and Lingxi Xie and Jun Wu and Qi Tian",
    "Progressive Differentiable Architecture Search: Bridging the Depth Gap between Search and Evaluation",
    "IEEE/CVF International Conference on Computer Vision",
    2019,
    arxiv="1904.12760",
    code="chenxin061/pdarts",
)


def p_darts(quick: bool = False) -> Recipe:
    """Published defaults (train_search.py): 3 stages of 25 epochs, alpha held for 10, with 5, 11 and 17 cells
    and 8, 5 and 3 options an edge; batch 96, SGD 0.025 -> 0 on a cosine, momentum 0.9, weight decay 3e-4,
    clip 5; Adam(0.5, 0.999) at 6e-4, weight decay 1e-3, clip 5; skip dropout 0.1, 0.4, 0.7; at most 2 skips.

    ``quick`` is ours.
    """
    depths = (1.0, 4 / 3, 5 / 3) if quick else (5 / 8, 11 / 8, 17 / 8)
    stages = tuple(
        Stage(
            8 if quick else 25,
            Bilevel(),
            Softmax(),
            perturb=(SkipDropout(Fading(rate)),),
            mask=mask,
            freeze_alpha=0.4,
            depth=depth,
            fresh=True,
        )
        for depth, rate, mask in zip(depths, (0.1, 0.4, 0.7), (LowestK(5), LowestK(3), None), strict=True)
    )
    return Recipe(
        name="p-darts",
        title="P-DARTS",
        stages=stages,
        select=Discretize(SkipLimit(2)),
        weights=Optim("sgd", Cosine(0.05 if quick else 0.025), (0.9, 0), 3e-4, clip=5.0),
        alphas=Optim("adam", 1e-2 if quick else 6e-4, (0.5, 0.999), 1e-3, clip=5.0),
        batch=64 if quick else 96,
        equation="DARTS in stages, each with more cells and the k strongest options of each edge: 8, 5, 3",
        terms=("super-net sub-optima", "deployment gap"),
        reference=REFERENCE,
        deviations=(
            "Skip dropout starts at 0.1, 0.4, 0.7 as in the released command; the paper's 0.0, 0.4, 0.7 for "
            "CIFAR-10 is quoted from memory. It acts in the weight step alone; in the code in both.",
            "Depths are 5/8, 11/8 and 17/8 of the search shape's, the published ones where it has 8.",
        ),
    )
