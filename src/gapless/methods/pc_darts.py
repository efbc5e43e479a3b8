"""PC-DARTS: partial channels and edge normalisation."""

from gapless.core import Cosine
from gapless.core.training import Optim
from gapless.engine.recipe import Recipe, Reference, Stage
from gapless.engine.select import Discretize
from gapless.methods.darts import darts
from gapless.parts.relax.edge_product import EdgeProduct
from gapless.parts.update.bilevel import Bilevel

REFERENCE = Reference(
    "Yuhui Xu and Lingxi Xie and Xiaopeng Zhang and Xin Chen and Guo-Jun Qi and Qi Tian and Hongkai Xiong",
    "PC-DARTS: Partial Channel Connections for Memory-Efficient Architecture Search",
    "International Conference on Learning Representations",
    2020,
    arxiv="1907.05737",
    code="yuhuixu1993/PC-DARTS",
)


def pc_darts(quick: bool = False) -> Recipe:
    """Published defaults (section 4.2; train_search.py): 1/4 of the channels, 50 epochs of which alpha is
    held for 15, batch 256, SGD 0.1 -> 0 on a cosine, momentum 0.9, weight decay 3e-4, clip 5; Adam(0.5,
    0.999) at 6e-4, weight decay 1e-3.

    ``quick`` is ours: 16 epochs of which alpha is held for 5, half of the channels, larger steps for alpha.
    """
    stage = Stage(
        16 if quick else 50,
        Bilevel(order=1),
        EdgeProduct(),
        freeze_alpha=0.3,
        partial=2 if quick else 4,
    )
    return Recipe(
        name="pc-darts",
        title="PC-DARTS",
        stages=(stage,),
        select=Discretize(),
        weights=Optim("sgd", Cosine(0.1), (0.9, 0), 3e-4, clip=5.0),
        alphas=Optim("adam", 1e-2 if quick else 6e-4, (0.5, 0.999), 1e-3),
        batch=64 if quick else 256,
        equation="node = sum_e softmax(beta)_e shuffle([sum_o softmax(alpha_e)_o o(x_1), x_2]), x_1 being "
        "1/K of the channels of x; alpha, beta and w descend as in DARTS",
        terms=("super-net sub-optima",),
        reference=REFERENCE,
        deviations=(
            *darts().deviations,
            "The paper samples the channels that go through operations; as in the released code they are the "
            "first 1/K, and the shuffle mixes them with the others.",
            "At an odd size the 2x2 pooling of the other channels rounds up; the released code meets none.",
            "Where an architecture may have 'none' (nb201), its edge still passes the other channels on in "
            "the search shape, as it does in the super-network; in the deployment shape it is absent.",
        ),
    )
