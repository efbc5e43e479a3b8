"""Bayes: switches and weights move together; after each epoch the switches' priors, in closed form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch

from gapless.core import Space
from gapless.nets.fast import plain
from gapless.nets.statistics import still
from gapless.parts.contract import Batch, Extra, RunView, Scalars
from gapless.parts.regularize.ard import no_switches
from gapless.parts.relax.switches import CHOICES, OPTIONS, beside
from gapless.parts.update.joint import Joint


@dataclass(frozen=True)
class Bayes:
    """One-level steps, and by epochs, H being the curvature of the loss at a switch s over its weight:

        omega = sqrt(|1 / gamma - C / gamma^2|), C = 1 / (1 / gamma + H);    gamma = |s| / omega

    and for options ``1 / gamma <- 1 / gamma + 1 / gamma of the choice``. A switch that the loss does not
    depend on, such as that of ``none``, has gamma 0. H is the diagonal of the Hessian in all switches,
    estimated by ``probes`` products with random signs v: the mean of ``v * Hv``.
    Reference: Zhou et al. 2019 (BayesNAS); BayesNAS/BayesNAS, search/Algorithm.py, update.

    Args:
        choice: weight of the switches of choices, as in the penalty.
        option: weight of the switches of options, as in the penalty.
        probes: products with the Hessian, each twice through the loss of the epoch's last batch.
    """

    choice: float = 0.01
    option: float = 0.01
    probes: int = 16

    def init(self, run: RunView) -> Extra:
        return {}

    def step(self, run: RunView, train: Batch, val: Batch) -> Scalars:
        scalars = Joint().step(run, train, val)
        progress = run.progress
        last = (progress.step + 1) % (progress.steps // progress.epochs) == 0
        if last and run.alpha_moves:
            with still(run.net):
                self.believe(run, self.curvature(run, train))
        return scalars

    def curvature(self, run: RunView, batch: Batch) -> dict[str, torch.Tensor]:
        """The diagonal of the Hessian of the loss, by table of switches."""
        names = [group.name + kind for group in run.choices.groups() for kind in (CHOICES, OPTIONS)]
        tables, (x, y) = [run.alpha[name] for name in names], batch
        with plain():
            loss = run.loss(run.forward(x, run.mix()), y)
        slopes = torch.autograd.grad(loss, tables, create_graph=True, allow_unused=True)
        total = [torch.zeros_like(table) for table in tables]
        rng = run.streams.generator("bayes")
        for _ in range(self.probes):
            signs = [torch.from_numpy(rng.choice([-1.0, 1.0], tuple(t.shape))).to(t) for t in tables]
            along = sum((g * v).sum() for g, v in zip(slopes, signs, strict=True) if g is not None)
            images = torch.autograd.grad(along, tables, retain_graph=True, allow_unused=True)  # type: ignore[arg-type]
            for sum_, v, image in zip(total, signs, images, strict=True):
                if image is not None:
                    sum_.add_(v * image / self.probes)
        return dict(zip(names, total, strict=True))

    @torch.no_grad()
    def believe(self, run: RunView, curvature: dict[str, torch.Tensor]) -> None:
        """The closed-form update of gamma and omega."""
        for group in run.choices.groups():
            above: torch.Tensor | None = None
            for kind, weight in ((CHOICES, self.choice), (OPTIONS, self.option)):
                gamma, omega = (run.alpha[beside(group.name, kind, what)] for what in ("gamma", "omega"))
                h = curvature[group.name + kind] / weight
                omega.copy_((h / (1 + gamma * h)).abs().sqrt())
                size = run.alpha[group.name + kind].abs()
                new = torch.where(omega > 0, size / omega, 0.0)
                if above is not None:
                    new = torch.where(new * above > 0, new * above / (new + above), 0.0)
                gamma.copy_(new)
                above = new

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        yield from no_switches("bayes", stage)
        if self.probes < 1 or min(self.choice, self.option) <= 0:
            yield (
                "the update rule 'bayes' needs at least 1 probe and weights above 0, but has "
                f"{self.probes} probes and weights {self.choice} and {self.option}"
            )
