"""ProxylessNAS, by gradients."""

from dataclasses import replace

from gapless.core import ByStage, Cosine
from gapless.core.training import Optim
from gapless.engine.recipe import Recipe, Reference, Stage
from gapless.engine.select import Discretize
from gapless.parts.regularize.cost import ExpectedCost
from gapless.parts.relax.two_path import TwoPath
from gapless.parts.sample.from_p import FromP
from gapless.parts.update.every import Every
from gapless.parts.update.rescale import Rescale

REFERENCE = Reference(
    "Han Cai and Ligeng Zhu and Song Han",
    "ProxylessNAS: Direct Neural Architecture Search on Target Task and Hardware",
    "International Conference on Learning Representations",
    2019,
    arxiv="1812.00332",
    code="mit-han-lab/proxylessnas",
)


def proxylessnas(quick: bool = False) -> Recipe:
    """Published defaults (search/imagenet_arch_search.py, nas_manager.py): 40 epochs of the weights alone,
    SGD 0.05 -> 0 on a cosine, then 120 epochs, 0.025 -> 0, Nesterov momentum 0.9, weight decay 4e-5, batch
    256, label smoothing 0.1; alpha every 5th step, Adam(0, 0.999) at 1e-3 without decay; cost weight 0.1.

    ``quick`` is ours.
    """
    (first, then), rates = ((6, 34), (0.1, 0.1)) if quick else ((40, 120), (0.05, 0.025))
    update, cost = Every(1 if quick else 5, Rescale()), ExpectedCost(0.1, "relative")
    stage = Stage(then, update, TwoPath(), sample=FromP(), regularize=(cost,))
    return Recipe(
        name="proxylessnas",
        title="ProxylessNAS, by gradients",
        stages=(replace(stage, epochs=first, freeze_alpha=1.0), stage),
        select=Discretize(),
        weights=Optim("sgd", ByStage(tuple(Cosine(r, per="step") for r in rates)), (0.9, 0), 4e-5,
                      nesterov=True, clip=5.0 if quick else 0.0),
        alphas=Optim("adam", 0.1 if quick else 1e-3, (0.0, 0.999), 0.0),
        batch=64 if quick else 256,
        label_smoothing=0.0 if quick else 0.1,
        equation="w <- w - lr * grad_w L_tr(F(x; a, w)), a ~ p; alpha_i <- alpha_i - lr * sum_j dL/dg_j "
        "q_j (delta_ij - q_i), g ~ q = softmax of two options ~ p, L = L_val + l (E[cost] - ref) / ref",
        terms=("discretization loss", "deployment gap"),
        reference=REFERENCE,
        deviations=(
            "Two paths with rescaling, as in the paper; the released code has that and, as its default, all "
            "paths one after the other.",
            "The cost is MACs, added to the loss; the paper's is latency, and the default of the released "
            "code multiplies the loss by (log E / log ref)^0.3 times 0.2.",
            "The reference cost is that of equally likely options, not that of MobileNetV2.",
            "Where an architecture picks its edges, all edges are there when alpha moves, each with two "
            "operations; weight steps draw edges by the sum of p over operations.",
            "Alpha moves by the smoothed loss, and in the first epoch after warm-up too; not so in the code.",
            "'none' has a gate with gradient 0; the released code holds alpha where it is on.",
        ),
    )  # fmt: skip
