"""ProxylessNAS, by REINFORCE."""

from dataclasses import replace

from gapless.engine.recipe import Recipe
from gapless.methods.proxylessnas import proxylessnas
from gapless.parts.relax.softmax import Softmax
from gapless.parts.update.every import Every
from gapless.parts.update.score import Score


def proxylessnas_rl(quick: bool = False) -> Recipe:
    """10 architectures a move of alpha, 300 moves an epoch of ImageNet (one in 16 steps), baseline rate
    0.99, reward accuracy * (ref / cost)^0.1 (search/imagenet_arch_search.py, nas_manager.py).

    ``quick`` is ours.
    """
    first = proxylessnas(quick)
    update = Every(1, Score(4, exponent=0.1)) if quick else Every(16, Score(10, exponent=0.1))
    stages = (replace(stage, update=update, relax=Softmax(), regularize=()) for stage in first.stages)
    return replace(
        first,
        name="proxylessnas-rl",
        title="ProxylessNAS, by REINFORCE",
        stages=tuple(stages),
        alphas=first.alphas,
        equation="w <- w - lr * grad_w L_tr(F(x; a, w)), a ~ p; alpha <- alpha + lr / n * sum_k (R_k - b) "
        "grad_alpha log p(a_k), R = accuracy_val(a) * (ref / cost(a))^0.1",
        deviations=(
            "The cost is the MACs of the searched operations; the paper's is the latency of the network.",
            "The reference cost is half-way between the cheapest and the dearest architecture.",
            "The baseline moves by 0.99 of the way to the newest mean reward, as the released code does; a "
            "moving mean that keeps 0.99 of itself may have been meant.",
            "A reward is measured on a validation batch as large as a training batch, not on 1,000 images.",
            "Where an architecture picks its edges, they are drawn one after the other by the sum of p over "
            "operations, and their probability is that of the set.",
            "The first epoch after warm-up counts for alpha too; in the released code it does not.",
        ),
    )
