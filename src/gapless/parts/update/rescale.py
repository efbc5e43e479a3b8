"""Rescale: what a step did not compute keeps its probability."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch

from gapless.core import Space
from gapless.parts.contract import Alpha, Batch, Extra, RunView, Scalars, Update, objections
from gapless.parts.update.bilevel import Bilevel


@dataclass(frozen=True)
class Rescale:
    """``alpha_i <- alpha_i - log(sum_j exp(alpha_j) / sum_j exp(alpha_j before))`` after another rule's step.

    i and j run over the options of a choice that the step computed: the active ones of the mix as the
    stage's perturbations leave it. All others are put back where they were, so softmax(alpha) of them
    is what it was before the step. Reference: Cai, Zhu & Han 2019 (ProxylessNAS), section 3.2.1, and
    mit-han-lab/proxylessnas, search/modules/mix_op.py; Hong et al. 2020 (DropNAS), alpha-adjust.

    Args:
        rule: which rule.
    """

    rule: Update = field(default_factory=Bilevel)

    def init(self, run: RunView) -> Extra:
        return self.rule.init(run)

    def step(self, run: RunView, train: Batch, val: Batch) -> Scalars:
        if not run.alpha_moves:
            return self.rule.step(run, train, val)
        before = {name: table.detach().clone() for name, table in run.alpha.items()}
        with torch.no_grad():
            mix = run.perturbed(run.mix(), train)
        scalars = self.rule.step(run, train, val)
        for name, gate in mix.items():
            if gate.active is not None:
                rescale(run.alpha, before, name, torch.from_numpy(gate.active))
        return scalars

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the update rule 'rescale' needs a relaxation, but the stage has none"
        yield from objections(self.rule, recipe, stage, choices)


@torch.no_grad()
def rescale(alpha: Alpha, before: Alpha, name: str, computed: torch.Tensor) -> None:
    """The rule above for one group; ``computed`` is `rows x options`, at least one in each row."""
    table, old = alpha[name], before[name]
    computed = computed.to(table.device)
    mass = [torch.logsumexp(t.masked_fill(~computed, -torch.inf), -1, keepdim=True) for t in (table, old)]
    table.copy_(torch.where(computed, table - (mass[0] - mass[1]), old))
