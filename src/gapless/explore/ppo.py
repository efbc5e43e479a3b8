"""PPO: a recurrent controller that moves several times a batch, each ratio kept near 1 (NASNet).

Zoph, Vasudevan, Shlens & Le 2018 (learning transferable architectures), appendix A.2; Schulman et al. 2017
(proximal policy optimization), equation 7.
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
class Ppo:
    """After every batch of m architectures a_k, drawn from P_old, Adam moves theta ``moves`` times along the
    slope of

        1/m sum_k [min(r_k A_k, clip(r_k, 1 - clip, 1 + clip) A_k) + entropy * H_k]
        r_k = P_theta(a_k) / P_old(a_k),    A_k = accuracy_k - b

    H_k is the sum of the entropies of the decisions, b an exponential mean of the accuracies of earlier
    batches. See `gapless.explore.policy` for the policy and `gapless.explore.controller.ask` for its batches.

    `published` has learning rate and size of the paper, for 20,000 evaluations; the default learns in
    hundreds, with an LSTM of 35 units.

    Deviation: the NASNet paper gives a learning rate of 3.5e-4, an entropy weight of 1e-5, an LSTM of 100
    units and a baseline's weight of 0.95; batch, clip and moves are ours (clip is that of Schulman et al.).
    b starts at the mean of the first batch and moves once a batch; the first batch is uniform over the space;
    none is scored twice. One ratio is that of a whole architecture.

    Args:
        batch: m.
        lr: of Adam.
        moves: of theta, a batch.
        clip: see above.
        entropy: weight of H.
        keep: of the baseline.
        hidden: units of each layer.
        layers: of the LSTM.

    Raises:
        BadValue: numbers outside what is allowed.
    """

    batch: int = 16
    lr: float = 0.005
    moves: int = 4
    clip: float = 0.2
    entropy: float = 1e-5
    keep: float = 0.95
    hidden: int = 35
    layers: int = 1

    def __post_init__(self) -> None:
        controller.check(self, lr=self.lr, moves=self.moves, clip=self.clip)
        if not 0 <= self.keep < 1 or self.entropy < 0:
            raise BadValue(
                expected="keep in [0, 1) and entropy >= 0",
                got=f"keep={self.keep}, entropy={self.entropy}",
                do="give such numbers",
            )

    @classmethod
    def published(cls) -> Ppo:
        """As in the paper (appendix A.2): a learning rate of 3.5e-4, 100 units."""
        return cls(lr=3.5e-4, hidden=100)

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
        gains, baseline = controller.advantages(accuracies, learnt.baseline, self.keep)
        learnt, size = replace(learnt, baseline=baseline), len(gains)
        old = None
        for _ in range(self.moves):
            judged = policy.judge(learnt.theta, paths)
            old = judged.log_chance if old is None else old
            ratio = np.exp(judged.log_chance - old)
            rising = ratio * gains <= ratio.clip(1 - self.clip, 1 + self.clip) * gains
            weight = np.full(size, self.entropy / size)
            slope = policy.slope(learnt.theta, judged, ratio * gains * rising / size, weight)
            learnt = learnt.moved(-slope, self.lr)
        return learnt
