"""GOLD-NAS."""

from gapless.core.training import Optim
from gapless.data.policy import AutoAugment
from gapless.engine.recipe import Recipe, Stage
from gapless.engine.select import Discretize
from gapless.methods.one_level import REFERENCE
from gapless.parts.mask.gradual import Gradual
from gapless.parts.regularize.live_cost import LiveCost
from gapless.parts.relax.node_normalised import NodeNormalised
from gapless.parts.update.joint import Joint


def gold_nas(quick: bool = False) -> Recipe:
    """Defaults as read in the code named in the reference, which says that it is not the authors' own:
    batch 96; alpha by SGD at 1 with momentum 0.9; omega by SGD at 0.01, weight decay 3e-4, clip 5;
    floor 0.01, ceiling 0.05, 4 operations at once, lambda by steps of 1e-5 and factors of 2.

    ``quick`` is ours: 16 epochs in which more goes at once and every epoch in which something does gives a
    point of the Pareto set, for small images on two cores. Meant for ``--space gold-nas``.
    """
    prune = Gradual(ceiling=0.09, at_once=24, step=1e-3, quiet=-1) if quick else Gradual()
    stage = Stage(16 if quick else 300, Joint(), NodeNormalised(), regularize=(LiveCost(),), mask=prune)
    return Recipe(
        name="gold-nas",
        title="GOLD-NAS",
        stages=(stage,),
        select=Discretize(),
        weights=Optim("sgd", 0.05 if quick else 0.01, (0.9, 0), 3e-4, clip=5.0),
        alphas=Optim("sgd", 1.0, (0.9, 0), 0.0),
        batch=96,
        pooled=True,
        augment=() if quick else (AutoAugment(),),
        equation="(alpha, w) <- (alpha, w) - lr * grad [L + lambda * sum_live log(1 + n pi) (1 + mu MACs)], "
        "pi = sigma(alpha) / sum_node sigma(alpha); after an epoch the o with small pi_o die",
        terms=("mathematical error", "discretization loss", "deployment gap"),
        reference=REFERENCE,
        deviations=(
            "Facts are from the code in the reference, which calls itself unofficial; what the paper says "
            "could not be checked.",
            "When that code prunes, it takes pi of all but the first edge of a node for infinite; here every "
            "edge is compared, as in its penalty and its forward.",
            "There a search ends when the FLOPs fall below 240 million; here it ends after epochs whose "
            "number is ours.",
            "An operation at or below the floor is computed until the epoch ends; there it goes at once.",
            "There is no auxiliary head and no cutout in the search.",
            "A node, and on the DARTS space an edge, keeps at least one operation.",
        ),
    )
