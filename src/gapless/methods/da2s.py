"""DA2S: discretization-aware architecture search."""

from gapless.core import Cosine
from gapless.core.training import Optim
from gapless.engine.recipe import Recipe, Reference, Stage
from gapless.engine.select import Discretize
from gapless.methods.darts import darts
from gapless.parts.mask.edges_first import EdgesFirst
from gapless.parts.regularize.entropy import Entropy, Rising
from gapless.parts.regularize.live_edges import LiveEdges
from gapless.parts.relax.capped_product import CappedProduct
from gapless.parts.update.bilevel import Bilevel

REFERENCE = Reference(
    "Yunjie Tian and Chang Liu and Lingxi Xie and Jianbin Jiao and Qixiang Ye",
    "Discretization-Aware Architecture Search",
    "Pattern Recognition",
    2021,
    arxiv="2007.03154",
    code="sunsmarterjie/DAAS",
)


def da2s(quick: bool = False) -> Recipe:
    """Defaults of the released code (cnn/train_search.py, cnn/MinEntropyLoss.py): 50 epochs, alpha held for
    7, batch 64, SGD 0.025 -> 0.001 on a cosine, momentum 0.9, weight decay 3e-4, clip 5; Adam(0.5, 0.999)
    at 3e-4, weight decay 1e-3; l = 0.1, edges times 4, their number times 0.2.

    ``quick`` is ours: 16 epochs with larger steps, and edges whose gates add up to those that are kept.
    """
    operations, edges = Entropy(Rising(0.1, delay=0.16)), Entropy(Rising(4 * 0.1), "edges")
    sharpen = (operations, edges, LiveEdges(Rising(4 * 0.2 * 0.1)))
    relax = CappedProduct(hold=0.14, total="kept" if quick else "entering")
    stage = Stage(16 if quick else 50, Bilevel(order=1), relax, regularize=sharpen)
    return Recipe(
        name="da2s",
        title="DA2S",
        stages=(stage,),
        select=Discretize(EdgesFirst()),
        weights=Optim("sgd", Cosine(0.05 if quick else 0.025, 0.001), (0.9, 0), 3e-4, clip=5.0),
        alphas=Optim("adam", 6e-2 if quick else 3e-4, (0.5, 0.999), 1e-3),
        batch=64,
        equation="alpha, beta descend L_val + l c1 (c2 H(alpha) + 4 (H(beta) + 0.2 sum_node (live - 2)^2)); "
        "c1 and c2 grow from 0 to 1",
        terms=("discretization loss",),
        reference=REFERENCE,
        deviations=(
            *darts().deviations,
            "Constants are from the released code; the paper was not compared.",
            "Edges of the normal cell are weighed by the beta of that cell; the released code takes those of "
            "the other cell.",
            "While alpha is held its optimizer does not see it; the released code steps at a rate of 0.",
            "Edges whose beta is above 1 are equally strong, the earlier ones are kept; the released code "
            "compares beta itself.",
            "The entropies are not added in the weight step, on which they have no effect.",
        ),
    )  # fmt: skip
