"""REINFORCE: a recurrent controller follows the slope of the expected reward (NAS-RL).

Zoph & Le 2017 (neural architecture search with reinforcement learning), sections 3.2 and 4.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gapless.core import Arch, Space
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.explore import controller
from gapless.explore.contract import Allowed
from gapless.explore.controller import Learnt
from gapless.explore.policy import Decisions, Policy


@dataclass(frozen=True)
class Reinforce:
    """After every batch of m architectures a_k, drawn from the policy, Adam moves theta once along

        1/m sum_k (R_k - b) grad log P_theta(a_k),    R = accuracy ** power

    b is an exponential mean of the rewards of earlier batches. See `gapless.explore.policy` for the policy
    and `gapless.explore.controller.ask` for its batches.

    `published` has the learning rate of the paper, for 12,800 evaluations; the default learns in hundreds.

    Deviation: b starts at the mean of the first batch and moves once a batch; architectures have one number
    of decisions, they do not grow during the search; the first batch is uniform over the space; none is
    scored twice.

    Args:
        batch: m; the paper has 8 for CIFAR-10.
        lr: of Adam.
        power: exponent of the reward.
        keep: of the baseline; the paper gives none.
        hidden: units of each layer.
        layers: of the LSTM.

    Raises:
        BadValue: numbers outside what is allowed.
    """

    batch: int = 8
    lr: float = 0.01
    power: float = 3.0
    keep: float = 0.9
    hidden: int = 35
    layers: int = 2

    def __post_init__(self) -> None:
        controller.check(self, lr=self.lr, power=self.power)
        if not 0 <= self.keep < 1:
            raise BadValue(expected="keep in [0, 1)", got=f"keep={self.keep}", do="give such a number")

    @classmethod
    def published(cls) -> Reinforce:
        """As in the paper (section 4.1): a learning rate of 6e-4."""
        return cls(lr=6e-4)

    def ask(self, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int) -> list[Arch]:
        """See `gapless.explore.contract.Explorer.ask`."""
        return controller.ask(self, history, space, rng, n)

    def select(
        self, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int, allowed: Allowed
    ) -> list[Arch]:
        """See `gapless.explore.contract.Selective.select`."""
        return controller.ask(self, history, space, rng, n, allowed)

    def learn(
        self, policy: Policy, learnt: Learnt, paths: Sequence[Decisions], accuracies: Sequence[float]
    ) -> Learnt:
        """The parameters after a batch."""
        rewards = [accuracy**self.power for accuracy in accuracies]
        gains, baseline = controller.advantages(rewards, learnt.baseline, self.keep)
        judged = policy.judge(learnt.theta, paths)
        slope = policy.slope(learnt.theta, judged, gains / len(gains), 0 * gains)
        return replace(learnt, baseline=baseline).moved(-slope, self.lr)
