"""Joint: alpha and omega descend the training loss together, from one forward on one batch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gapless.core import Space
from gapless.parts.contract import Batch, Extra, RunView, Scalars
from gapless.parts.update.descend import descend, mixes, scores
from gapless.parts.update.formula import Formula
from gapless.parts.update.product import Partial


@dataclass(frozen=True)
class Joint:
    """``(alpha, w) <- (alpha, w) - lr * grad L_tr(w, alpha)``: both gradients of one backward, one level.

    Each moves by its own optimizer. The stage's regularizers are a part of the loss, and both see what its
    perturbations make of the mix. While alpha is held, omega moves alone. The validation batch is not
    used: let a recipe that has nothing else to do with it be ``pooled``.
    Reference: Bi et al. 2020 (GOLD-NAS); sunsmarterjie/GOLD_NAS, cifar_search/train_search.py.
    """

    def init(self, run: RunView) -> Extra:
        return {}

    def step(self, run: RunView, train: Batch, val: Batch) -> Scalars:
        if not run.alpha_moves:
            return descend(run, mixes(run), train)
        x, y = train
        run.weights.clear()
        run.alphas.clear()
        mix = run.mix()
        logits = run.forward(x, run.perturbed(mix, train))
        loss = run.loss(logits, y)
        (loss + run.penalty(mix)).backward()  # type: ignore[no-untyped-call]
        run.alphas.step(run.progress)
        run.alphas.clear()
        run.weights.step(run.progress)
        return scores("train", loss, logits, y)

    def gradient(self, run: RunView, train: Batch, val: Batch) -> tuple[Partial, Scalars]:
        """G of alpha alone, in the order of the run's alpha; the validation batch is not used."""
        return Formula(train=1.0, val=0.0).gradient(run, train, val)

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the update rule 'joint' needs a relaxation, but the stage has none"
        if stage.sample is not None:
            yield (
                "the update rule 'joint' computes the mix that it moves alpha by, "
                "but the stage samples paths; drop the sampler or use another update rule"
            )
