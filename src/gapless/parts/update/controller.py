"""Controller: a recurrent policy proposes architectures and learns from their accuracy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from gapless.core import Arch, Space
from gapless.nets.descent import Descent
from gapless.nets.gate import onehot
from gapless.nets.seeded import seeded
from gapless.nets.statistics import still
from gapless.parts.contract import Batch, Extra, RunView, Scalars
from gapless.parts.update.descend import descend
from gapless.parts.update.policy import Policy

POLICY, OPTIM, BASELINE = "controller/policy", "controller/optim", "controller/baseline"


@dataclass(frozen=True)
class Controller:
    """omega descends the training loss of one drawn architecture; then, in one step of ``every``, the policy
    theta, the weights held: with a_1 .. a_n drawn from it, one after the other

        R_k = accuracy_val(a_k) + entropy * H_k;    b <- b + (1 - keep) (R_k - b)
        theta descends  -1/n sum_k (R_k - b) log P_theta(a_k)

    H_k is the sum of the entropies of the decisions of a_k in nats, a number: it has no gradient. Accuracies
    are those of the validation batch, normalised by its own statistics. theta has the optimizer that the
    recipe has for alpha. Reference: Pham et al. 2018 (ENAS), section 2.2; melodyguan/enas,
    src/cifar10/micro_controller.py.

    Args:
        n: architectures a move of the policy.
        every: steps from one move to the next.
        entropy: weight of H.
        keep: of the baseline, which begins at 0.
        hidden: size of the policy's LSTM.
        bound: largest size of a logit.
    """

    n: int = 10
    every: int = 9
    entropy: float = 1e-4
    keep: float = 0.99
    hidden: int = 64
    bound: float = 1.1

    def init(self, run: RunView) -> Extra:
        """The policy, its optimizer and the baseline; on the host, where each of its decisions is needed."""
        with seeded(0):  # every number that is drawn here is overwritten
            policy = Policy(run.choices, self.hidden, self.bound)
        policy.begin(run.streams.generator("policy"))
        optim = Descent(dict(policy.named_parameters()), run.alphas.optim)
        return {POLICY: policy, OPTIM: optim, BASELINE: torch.zeros((), dtype=torch.float64)}

    def step(self, run: RunView, train: Batch, val: Batch) -> Scalars:
        scalars = descend(run, [onehot(run.choices, self.propose(run, run.streams.generator("path")))], train)
        if run.alpha_moves and run.progress.step % self.every == 0:
            scalars |= self._learn(run, val)
        return scalars

    @torch.no_grad()
    def propose(self, run: RunView, rng: np.random.Generator) -> Arch:
        """An architecture drawn from the policy."""
        return run.extra[POLICY].draw(rng)[0]  # type: ignore[no-any-return]

    def _learn(self, run: RunView, val: Batch) -> Scalars:
        policy, optim, baseline = run.extra[POLICY], run.extra[OPTIM], run.extra[BASELINE]
        rng, terms, told = run.streams.generator("controller"), [], []
        for _ in range(self.n):
            arch, log_chance, entropy = policy.draw(rng)
            accuracy = self._accuracy(run, arch, val)
            reward = accuracy + self.entropy * entropy.item()
            baseline += (1 - self.keep) * (reward - baseline)
            terms.append(-(reward - baseline.item()) * log_chance)
            told.append((accuracy, entropy.item()))
        loss = torch.stack(terms).mean()
        optim.assign(torch.autograd.grad(loss, optim.tensors, allow_unused=True))
        optim.step(run.progress)
        optim.clear()
        means = torch.tensor(told, dtype=torch.float64).mean(0)
        return {"val_accuracy": means[0], "policy_entropy": means[1]}

    def _accuracy(self, run: RunView, arch: Arch, val: Batch) -> float:
        x, y = val
        with torch.no_grad(), still(run.net):
            hits = run.forward(x, onehot(run.choices, arch)).argmax(1) == y
        return float(hits.double().mean())

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.sample is not None or stage.relax is not None:
            yield "the update rule 'controller' has a policy and takes no sampler and no relaxation"
        if stage.mask is not None:
            yield "the update rule 'controller' has a policy of the whole space and works with no mask"
        if any(choice.least != choice.most for choice in _all(choices)):
            yield "the update rule 'controller' needs choices that pick a fixed number of options"
        if min(self.n, self.every, self.hidden) < 1:
            yield (
                "the update rule 'controller' needs n, every and hidden of at least 1, "
                f"but has {self.n}, {self.every} and {self.hidden}"
            )


def _all(space: Space) -> Iterable[Any]:
    for choice in space.choices:
        yield choice
        for option in choice.options:
            yield from _all(choice.inside(option))
