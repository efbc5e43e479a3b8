"""Controller: batches drawn from a policy, which learns from what they scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from gapless.core import Arch, Space
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.explore.contract import WORST, check_count
from gapless.explore.lstm import Floats
from gapless.explore.policy import Decisions, Policy
from gapless.explore.random import filled, unseen
from gapless.explore.replay import Replay, Scored, root, scores, stream

BARREN = 2
FIRST, SECOND, TINY = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Learnt:
    """Parameters, Adam's two means of their slopes, moves so far, and the baseline."""

    theta: Floats
    mean: Floats
    square: Floats
    moves: int = 0
    baseline: float | None = None

    def moved(self, slope: Floats, lr: float) -> Learnt:
        """After one move of Adam (Kingma & Ba 2015, algorithm 1) down a slope."""
        moves = self.moves + 1
        mean = FIRST * self.mean + (1 - FIRST) * slope
        square = SECOND * self.square + (1 - SECOND) * slope**2
        size = np.sqrt(square / (1 - SECOND**moves)) + TINY
        theta = self.theta - lr * mean / (1 - FIRST**moves) / size
        return replace(self, theta=theta, mean=mean, square=square, moves=moves)


class Learner(Protocol):
    """The settings of a controller, and how it learns."""

    @property
    def batch(self) -> int: ...
    @property
    def hidden(self) -> int: ...
    @property
    def layers(self) -> int: ...
    def learn(
        self, policy: Policy, learnt: Learnt, paths: Sequence[Decisions], accuracies: Sequence[float]
    ) -> Learnt:
        """After a batch; accuracies that are not finite come as 0."""
        ...


@dataclass(frozen=True)
class Batch:
    """A batch that was drawn, with the decisions of those to learn from; ``seen`` are all drawn so far."""

    number: int
    archs: tuple[Arch, ...]
    paths: tuple[Decisions, ...]
    learnt: Learnt
    seen: frozenset[Arch]
    barren: int = 0


_REPLAY: Replay[Batch] = Replay()


def ask(
    learner: Learner, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int
) -> list[Arch]:
    """What a learner wants scored next, see `gapless.explore.contract.Explorer.ask`.

    The first batch is random. Every later one is drawn from the policy after the batches before: a function
    of the first batch and of what was scored. Architectures that were drawn and scored before count with
    their accuracy and are not scored again. After 2 batches in which nothing was new, the next one ends with
    a random architecture that is, from which nothing is learnt.
    """
    check_count(n)
    if len(history) < learner.batch:
        return filled(min(n, learner.batch - len(history)), lambda *_: None, history, space, rng)
    waiting = _waiting(learner, scores(history), space)
    return filled(min(n, len(waiting)), lambda place, _: waiting[place], history, space, rng)


def _waiting(learner: Learner, scored: Scored, space: Space) -> list[Arch]:
    known = dict(reversed(scored))
    first = [arch for arch, _ in scored[: learner.batch]]
    seed, policy = root(first), Policy(space, learner.hidden, learner.layers)
    batch = _REPLAY.recall((learner, space), scored) or _first(policy, first, seed)
    while True:
        waiting = [arch for arch in dict.fromkeys(batch.archs) if arch not in known]
        if waiting or len(batch.seen) == space.size():
            _REPLAY.keep((learner, space), scored, batch)
            return waiting
        values = [known[arch] for arch in batch.archs[: len(batch.paths)]]
        rewards = [value if value > WORST else 0.0 for value in values]
        learnt = learner.learn(policy, batch.learnt, batch.paths, rewards) if rewards else batch.learnt
        batch = _next(policy, replace(batch, learnt=learnt), learner.batch, stream(seed, batch.number + 1))


def _first(policy: Policy, first: Sequence[Arch], seed: int) -> Batch:
    rng = stream(seed, 0)
    theta = policy.begin(rng)
    archs = tuple(arch for arch in first if arch in policy.space)
    paths = tuple(policy.decisions(arch, rng) for arch in archs)
    learnt = Learnt(theta, np.zeros_like(theta), np.zeros_like(theta))
    return Batch(0, archs, paths, learnt, frozenset(archs))


def _next(policy: Policy, batch: Batch, count: int, rng: np.random.Generator) -> Batch:
    drawn = policy.draw(batch.learnt.theta, count, rng)
    archs, paths = tuple(arch for arch, _ in drawn), tuple(path for _, path in drawn)
    barren = batch.barren + 1 if batch.seen.issuperset(archs) else 0
    if barren > BARREN:
        new = unseen(policy.space, batch.seen, rng)
        archs, paths, barren = (*archs[:-1], *([] if new is None else [new])), paths[:-1], 0
    return Batch(batch.number + 1, archs, paths, batch.learnt, batch.seen.union(archs), barren)


def advantages(rewards: Sequence[float], baseline: float | None, keep: float) -> tuple[Floats, float]:
    """``R_k - b`` for a batch, and b after it: an exponential mean of batch means, at first the first."""
    mean = float(np.mean(rewards))
    b = mean if baseline is None else baseline
    return np.array(rewards) - b, keep * b + (1 - keep) * mean


def check(learner: Learner, **above: float) -> None:
    """Raises:
    BadValue: a batch, hidden or layers below 1, or one of the other settings not above 0.
    """
    counts = {"batch": learner.batch, "hidden": learner.hidden, "layers": learner.layers}
    if min(counts.values()) < 1 or min(above.values()) <= 0:
        got = ", ".join(f"{name}={value}" for name, value in (counts | above).items())
        raise BadValue(
            expected=f"{', '.join(counts)} >= 1 and {', '.join(above)} > 0", got=got, do="give such numbers"
        )
