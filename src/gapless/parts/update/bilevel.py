"""Bilevel: alpha descends the validation loss, then omega the training loss."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from gapless.core import Space
from gapless.parts.contract import Batch, Extra, RunView, Scalars
from gapless.parts.update.formula import Formula
from gapless.parts.update.product import Difference, Exact, Partial


@dataclass(frozen=True)
class Bilevel:
    """``g = grad_alpha L_val(w', alpha) - xi * d2_alpha_w L_tr(w, alpha) . grad_w' L_val(w', alpha)``.

    First order: w' = w and no second term. Second order: ``w' = w - xi * (m * v + grad_w L_tr + d * w)``,
    one virtual step of the weight optimizer with its momentum m, velocity v, weight decay d and current
    learning rate xi. Reference: Liu, Simonyan & Yang 2019, eq. 6-8; quark0/darts, cnn/architect.py.

    Args:
        order: 1 or 2.
        product: how the second term is computed. ``difference``: central differences along
            ``v = grad_w' L_val`` with half-width ``radius / |v|`` (eq. 8). ``exact``: automatic
            differentiation, twice through the training loss.
        radius: see ``product``.
    """

    order: Literal[1, 2] = 1
    product: Literal["difference", "exact"] = "difference"
    radius: float = 0.01

    @property
    def formula(self) -> Formula:
        """The same rule by its numbers."""
        if self.order == 1:
            return Formula()
        product = Exact() if self.product == "exact" else Difference(self.radius)
        return Formula(c="lr", point="ahead", product=product)

    def init(self, run: RunView) -> Extra:
        return {}

    def step(self, run: RunView, train: Batch, val: Batch) -> Scalars:
        return self.formula.step(run, train, val)

    def gradient(self, run: RunView, train: Batch, val: Batch) -> tuple[Partial, Scalars]:
        """g, in the order of the run's alpha, and the scalars of the validation batch.

        None for a group that the network has no operation of, such as ``normal`` in a single reduction cell.
        """
        return self.formula.gradient(run, train, val)

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the update rule 'bilevel' needs a relaxation, but the stage has none"
        if self.order == 2 and recipe.weights.kind != "sgd":
            yield (
                "the update rule 'bilevel' of order 2 looks one step of 'sgd' ahead, "
                f"but the weights' optimizer is '{recipe.weights.kind}'"
            )
