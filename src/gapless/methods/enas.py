"""ENAS: a controller over shared weights."""

from gapless.core import Cosine
from gapless.core.training import Optim
from gapless.engine.recipe import Recipe, Reference, Stage
from gapless.engine.sampled import Sampled
from gapless.evaluate.inherited import Inherited
from gapless.parts.update.controller import Controller

REFERENCE = Reference(
    "Hieu Pham and Melody Y. Guan and Barret Zoph and Quoc V. Le and Jeff Dean",
    "Efficient Neural Architecture Search via Parameter Sharing",
    "International Conference on Machine Learning",
    2018,
    arxiv="1802.03268",
    code="melodyguan/enas",
)


def enas(quick: bool = False) -> Recipe:
    """Defaults of the released cell search (scripts/cifar10_micro_search.sh, src/cifar10/main.py): 150 epochs
    of batch 160, learning rate 0.05 -> 0.0005, Nesterov momentum 0.9, weight decay 2e-4 (there 1e-4 of the
    squared norm), clip 5; after each epoch of 281 steps 30 moves of the policy, 10 architectures each, Adam
    at 0.0035; LSTM of 64, logits within 1.1, entropy weight 1e-4, baseline 0.99; features before
    the classifier dropped with 0.1, in rewards too; then 10 are scored.

    ``quick`` is ours.
    """
    update = Controller(n=4, every=2, keep=0.9) if quick else Controller()
    lr = Cosine(0.1, 1e-3) if quick else Cosine(0.05, 5e-4)
    return Recipe(
        name="enas",
        title="ENAS",
        stages=(Stage(30 if quick else 150, update, dropout=0.0 if quick else 0.1),),
        select=Sampled(10, Inherited(4, 64)) if quick else Sampled(10),
        weights=Optim("sgd", lr, (0.9, 0), 2e-4, clip=5.0, nesterov=True, idle="decay"),
        alphas=Optim("adam", 1e-2 if quick else 3.5e-3, (0.0, 0.999), 0.0),
        batch=64 if quick else 160,
        equation="w <- w - lr * grad_w L_tr(F(x; a, w)), a ~ pi_theta; theta <- theta + lr / n * "
        "sum_k (R_k - b) grad_theta log pi_theta(a_k), R = accuracy_val(a) + c * H",
        terms=("discretization loss", "mathematical error"),
        reference=REFERENCE,
        deviations=(
            "The policy moves in one step of 9 instead of 30 times after each epoch.",
            "The weights' learning rate falls once; in the code it restarts after 10, 30 and 70 epochs.",
            "Decisions follow the choices of the space, each with weights and logits of its own; in the code "
            "inputs are chosen by attention, and operations share weights and have a smaller bound.",
            "A node picks different inputs, and the policy is drawn to no operation at first; in the code "
            "inputs may coincide, and two operations begin with a bonus.",
            "The 10 architectures are scored on the whole validation split, by statistics of their own.",
            "Gradients of the weights are clipped at a norm of 5 as a whole; the code computes clipped ones "
            "and uses the others. Adam's epsilon is 1e-8; there 1e-3.",
            "No auxiliary head; in the code 0.4 of the loss of one is added, whose weights are not trained.",
            "The policy's learning rate is that of the code, 10 times the paper's as we remember it.",
        ),
    )
