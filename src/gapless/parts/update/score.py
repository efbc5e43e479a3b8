"""Score function: alpha climbs the expected accuracy of architectures drawn from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch

from gapless.core import Arch, Space
from gapless.nets.cost import KINDS
from gapless.nets.gate import onehot
from gapless.nets.statistics import still
from gapless.parts.contract import Batch, Extra, RunView, Scalars
from gapless.parts.sample.chance import draw, log_chance, open_picks
from gapless.parts.sample.price import extreme, price
from gapless.parts.update.descend import descend, mixes

BASELINE = "score/baseline"


@dataclass(frozen=True)
class Score:
    """``g = -1/n sum_k (R_k - b) grad_alpha log P_alpha(a_k)``, then omega descends (REINFORCE).

    a_1 .. a_n are drawn from the gates as the sampler ``from-p`` draws, and R is the accuracy of a_k on the
    validation batch, normalised by the batch's own statistics. With an ``exponent`` w it is
    ``accuracy * (ref / cost)^w``, cost being that of the searched operations, ref the cost half-way between
    the cheapest and the dearest architecture. b is a moving mean: the first mean of R, then
    ``b <- b + rate * (mean R - b)``, before it is used. Reference: Williams 1992; Cai, Zhu & Han 2019
    (ProxylessNAS), section 3.3.2; mit-han-lab/proxylessnas, search/nas_manager.py (n = 10, rate 0.99).

    Args:
        n: architectures.
        rate: see above; 1 for a baseline without memory.
        exponent: w; 0 for the accuracy alone.
        cost: ``macs`` or ``params``.
    """

    n: int = 10
    rate: float = 0.99
    exponent: float = 0.0
    cost: str = "macs"

    def init(self, run: RunView) -> Extra:
        """The baseline, and whether there is one yet."""
        return {BASELINE: torch.zeros(2, dtype=torch.float64, device=run.device)}

    def step(self, run: RunView, train: Batch, val: Batch) -> Scalars:
        scalars: Scalars = {}
        if run.alpha_moves:
            scalars = self._climb(run, val)
        return scalars | descend(run, mixes(run), train)

    def _climb(self, run: RunView, val: Batch) -> Scalars:
        gates, rng = run.gates(), run.streams.generator("score")
        archs = [draw(run.choices, gates, rng) for _ in range(self.n)]
        accuracies = self._accuracies(run, archs, val)
        rewards = accuracies * self._discounts(run, archs)
        baseline = run.extra[BASELINE]
        rate = self.rate if baseline[1] else 1.0
        baseline[0] += rate * (rewards.mean() - baseline[0])
        baseline[1] = 1.0
        mix = run.mix()
        tables = {name: gate.weight for name, gate in mix.items() if gate.weight is not None}
        chances = torch.stack([log_chance(run.choices, tables, arch) for arch in archs])
        loss = -((rewards - baseline[0]).to(chances) * chances).mean() + run.penalty(mix)
        run.alphas.assign(torch.autograd.grad(loss, list(run.alpha.values()), allow_unused=True))
        run.alphas.step(run.progress)
        run.alphas.clear()
        return {"val_accuracy": accuracies.mean(), "reward": rewards.mean()}

    def _accuracies(self, run: RunView, archs: list[Arch], val: Batch) -> torch.Tensor:
        x, y = val
        with torch.no_grad(), still(run.net):
            found = [run.forward(x, onehot(run.choices, arch)).argmax(1) == y for arch in archs]
        return torch.stack(found).double().mean(1)

    def _discounts(self, run: RunView, archs: list[Arch]) -> torch.Tensor:
        if not self.exponent:
            return torch.ones(len(archs), dtype=torch.float64, device=run.device)
        costs, active = run.costs(self.cost), run.choices.active
        ends = [price(active(extreme(run.choices, costs, dearest)), costs) for dearest in (False, True)]
        prices = [max(price(active(arch), costs), 1.0) for arch in archs]
        found = [(sum(ends) / 2 / each) ** self.exponent for each in prices]
        return torch.tensor(found, dtype=torch.float64, device=run.device)

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the update rule 'score' needs a relaxation, but the stage has none"
        elif getattr(stage.relax, "random", False):
            yield (
                "the update rule 'score' draws by the gates, but those of "
                f"'{type(stage.relax).__name__}' are drawn themselves; take a relaxation that draws nothing"
            )
        if self.n < 2 and self.rate >= 1:
            yield "the update rule 'score' needs 2 architectures a step, or a baseline of a rate below 1"
        yield from open_picks(choices, "the update rule 'score'")
        if self.cost not in KINDS:
            yield f"the update rule 'score' counts {' or '.join(KINDS)}, not '{self.cost}'"
