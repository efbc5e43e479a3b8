"""Controller: batches drawn from a policy, which learns from what they scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from gapless.core import Arch, Space
from gapless.core.errors import BadValue
from gapless.core.record import PENDING, Record
from gapless.explore.contract import WORST, Allowed, anything, check_count
from gapless.explore.lstm import Floats
from gapless.explore.policy import Decisions, Policy
from gapless.explore.random import filled, permitted
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
    """A batch that was drawn, with the decisions of those to learn from; ``seen`` are all drawn so far.

    It is ``over`` where nothing new was found any more.
    """

    number: int
    archs: tuple[Arch, ...]
    paths: tuple[Decisions, ...]
    learnt: Learnt
    seen: frozenset[Arch]
    barren: int = 0
    over: bool = False


_REPLAY: Replay[Batch] = Replay()


def ask(
    learner: Learner, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int,
    allowed: Allowed = anything,
) -> list[Arch]:  # fmt: skip
    """What a learner wants scored next, see `gapless.explore.contract.Selective.select`.

    The first batch is random. Every later one is drawn from the policy after the batches before: a function
    of the first batch and of what was scored. Architectures that were drawn and scored before count with
    their accuracy and are not scored again. After 2 batches in which nothing was new, the next one ends with
    a random architecture that is, from which nothing is learnt. What is not allowed is left out of its batch,
    and nothing is learnt from what somebody else is scoring until that is told.
    """
    check_count(n)
    if len(history) < learner.batch:
        return filled(min(n, learner.batch - len(history)), lambda *_: None, history, space, rng)
    pending = frozenset(record.arch for record in history if record.provenance == PENDING)
    waiting = _waiting(learner, scores(history), space, allowed, pending)
    return filled(min(n, len(waiting)), lambda place, _: waiting[place], history, space, rng)


def _waiting(
    learner: Learner, scored: Scored, space: Space, allowed: Allowed, pending: frozenset[Arch]
) -> list[Arch]:
    known = dict(reversed(scored))
    first = [arch for arch, _ in scored[: learner.batch]]
    seed, policy = root(first), Policy(space, learner.hidden, learner.layers)
    settings = (learner, space, allowed, pending)
    batch = _REPLAY.recall(settings, scored) or _first(policy, first, seed)
    while True:
        waiting = [arch for arch in dict.fromkeys(batch.archs) if arch not in known and allowed(arch)]
        if waiting or batch.over or len(batch.seen) == space.size():
            _REPLAY.keep(settings, scored, batch)
            return waiting
        pairs = zip(batch.archs, batch.paths, strict=False)
        told = [(path, known[arch]) for arch, path in pairs if arch in known and arch not in pending]
        paths, rewards = [path for path, _ in told], [value if value > WORST else 0.0 for _, value in told]
        learnt = learner.learn(policy, batch.learnt, paths, rewards) if rewards else batch.learnt
        rng = stream(seed, batch.number + 1)
        batch = _next(policy, replace(batch, learnt=learnt), learner.batch, rng, allowed)


def _first(policy: Policy, first: Sequence[Arch], seed: int) -> Batch:
    rng = stream(seed, 0)
    theta = policy.begin(rng)
    archs = tuple(arch for arch in first if arch in policy.space)
    paths = tuple(policy.decisions(arch, rng) for arch in archs)
    learnt = Learnt(theta, np.zeros_like(theta), np.zeros_like(theta))
    return Batch(0, archs, paths, learnt, frozenset(archs))


def _next(policy: Policy, batch: Batch, count: int, rng: np.random.Generator, allowed: Allowed) -> Batch:
    drawn = policy.draw(batch.learnt.theta, count, rng)
    archs, paths = tuple(arch for arch, _ in drawn), tuple(path for _, path in drawn)
    new = any(arch not in batch.seen and allowed(arch) for arch in archs)
    barren, over = 0 if new else batch.barren + 1, False
    if barren > BARREN:
        other = next(permitted(policy.space, batch.seen, allowed, rng), None)
        archs, paths, barren = (*archs[:-1], *([] if other is None else [other])), paths[:-1], 0
        over = other is None
    return Batch(batch.number + 1, archs, paths, batch.learnt, batch.seen.union(archs), barren, over)


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
