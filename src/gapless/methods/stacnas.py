"""StacNAS: first among clusters of alike operations, then inside the chosen ones."""

from gapless.core import Cosine
from gapless.core.training import Optim
from gapless.engine.recipe import Recipe, Reference, Stage
from gapless.engine.select import Discretize
from gapless.parts.mask.clusters import Clusters
from gapless.parts.relax.representatives import Representatives
from gapless.parts.relax.softmax import Softmax
from gapless.parts.update.joint import Joint

REFERENCE = Reference(
    "Guilin Li and Xing Zhang and Zitong Wang and Zhenguo Li and Tong Zhang",
    "StacNAS: Towards Stable and Consistent Differentiable Neural Architecture Search",
    "arXiv preprint",
    2019,
    arxiv="1909.11926",
    code="susan0199/StacNAS",
)


def stacnas(quick: bool = False) -> Recipe:
    """Published defaults (README, config.py): 2 stages of 80 epochs, 14 and 20 cells, all training images,
    one level; batch 64, SGD 0.025 -> 0.001 on a cosine, momentum 0.9, weight decay 3e-4, clip 3;
    Adam(0.5, 0.999) at 3e-4, weight decay 1e-3.

    ``quick`` is ours.
    """
    epochs = 7 if quick else 80
    first = Stage(epochs, Joint(), Representatives(), mask=Clusters(), depth=1.0 if quick else 14 / 8)
    second = Stage(epochs, Joint(), Softmax(), depth=4 / 3 if quick else 20 / 8, fresh=True)
    return Recipe(
        name="stacnas",
        title="StacNAS",
        stages=(first, second),
        select=Discretize(),
        weights=Optim("sgd", Cosine(0.05 if quick else 0.025, 0.001), (0.9, 0), 3e-4, clip=3.0),
        alphas=Optim("adam", 6e-3 if quick else 3e-4, (0.5, 0.999), 1e-3),
        batch=64,
        pooled=True,
        equation="(alpha, w) <- (alpha, w) - lr * grad L_tr(w, alpha), first with one operation of each "
        "cluster of alike ones, then with those of the strongest cluster of each edge",
        terms=("mathematical error", "super-net sub-optima", "deployment gap"),
        reference=REFERENCE,
        deviations=(
            "Clusters are the published ones, not measured anew; elsewhere than among the operations of "
            "DARTS each option is a cluster of its own, and the first stage decides.",
            "A skip that wins competes with none alone; in the released code it stands there twice.",
            "none never survives, as in the released code; the paper keeps it where it wins.",
            "Depths are 14/8 and 20/8 of the search shape's, the published ones where it has 8.",
            "Authors and title were not verified against the paper.",
        ),
    )
