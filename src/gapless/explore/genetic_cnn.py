"""Genetic CNN: generations by Russian roulette, crossover of pairs, and mutation.

Xie & Yuille 2017, section 3.2 and algorithm 1. The paper's numbers are from memory of section 4, its code was
not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gapless.core import Arch, Space
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.explore.contract import WORST, Allowed, anything, check_count
from gapless.explore.random import filled, permitted
from gapless.explore.replay import Replay, Scored, root, scores, stream

Members = tuple[Arch, ...]
_REPLAY: Replay[tuple[int, Members, Members]] = Replay()


@dataclass(frozen=True)
class GeneticCnn:
    """Every generation of ``population`` is drawn from the one before, then changed.

    Selection: individual i is drawn, with replacement, with probability ``(a_i - a_0) / sum_j (a_j - a_0)``,
    a_0 being the lowest accuracy: so the worst is never kept, and the best is kept often. Crossover: each
    pair of neighbours is crossed with probability ``cross``, and then swaps each choice with probability
    ``swap``. Mutation: an individual that was not crossed is mutated with probability ``mutate``, and then
    has each decision changed with probability ``flip``. What is drawn is a function of the first generation
    and of the number of the present one.

    Deviation: individuals that were scored before keep their accuracy, where the paper scores every one again
    in every generation; so a generation asks for less than ``population``. Where it would ask for nothing,
    its last individual is a random architecture that is new. Equal accuracies are drawn evenly. Within limits
    an individual that would not be allowed stays as it was drawn.

    Args:
        population: individuals a generation (the paper's N = 20, for 50 generations).
        cross: p_C.
        swap: q_C.
        mutate: p_M.
        flip: q_M; the paper has 0.1 on MNIST, 0.05 on CIFAR-10.

    Raises:
        BadValue: a population below 2, or a probability outside [0, 1].
    """

    population: int = 20
    cross: float = 0.2
    swap: float = 0.3
    mutate: float = 0.8
    flip: float = 0.1

    def __post_init__(self) -> None:
        if self.population < 2:
            raise BadValue(expected="a population >= 2", got=f"{self.population}", do="raise it")
        for probability in (self.cross, self.swap, self.mutate, self.flip):
            if not 0 <= probability <= 1:
                raise BadValue(expected="a probability in [0, 1]", got=f"{probability}", do="change it")

    def ask(self, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int) -> list[Arch]:
        """See `gapless.explore.contract.Explorer.ask`."""
        return self.select(history, space, rng, n, anything)

    def select(
        self, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int, allowed: Allowed
    ) -> list[Arch]:
        """See `gapless.explore.contract.Selective.select`."""
        check_count(n)
        if len(history) < self.population:
            return filled(min(n, self.population - len(history)), lambda *_: None, history, space, rng)
        waiting = self._waiting(scores(history), space, allowed)
        count = len(waiting) or n
        return filled(min(n, count), lambda k, _: waiting[k] if waiting else None, history, space, rng)

    def _waiting(self, scored: Scored, space: Space, allowed: Allowed = anything) -> Members:
        """What is not scored yet of the first generation that is not scored as a whole."""
        first = [arch for arch, _ in scored[: self.population]]
        known = dict(reversed(scored))
        seed, inside = root(first), tuple(arch for arch in first if arch in space)
        number, members, seen = _REPLAY.recall((self, space, allowed), scored) or (0, inside, inside)
        while members:
            waiting = tuple(dict.fromkeys(arch for arch in members if arch not in known))
            if waiting or len(seen) == space.size():
                _REPLAY.keep((self, space, allowed), scored, (number, members, seen))
                return waiting
            number += 1
            draw, before = stream(seed, number), frozenset(seen)
            members = self._next(members, [known[arch] for arch in members], space, draw, allowed)
            if before.issuperset(members):
                new = next(permitted(space, before, allowed, draw), None)
                if new is None:
                    break
                members = (*members[:-1], new)
            seen = (*seen, *(arch for arch in dict.fromkeys(members) if arch not in before))
        return ()

    def _next(
        self, members: Members, accuracies: Sequence[float], space: Space, rng: np.random.Generator,
        allowed: Allowed = anything,
    ) -> Members:  # fmt: skip
        """The individuals of the next generation, not scored."""
        drawn = rng.choice(len(members), self.population, p=chances(accuracies)).tolist()
        before = [members[i] for i in drawn]
        found = list(before)
        crossed = np.repeat(rng.random(self.population // 2) < self.cross, 2)
        for i in range(self.population):
            if i < len(crossed) and crossed[i]:
                if i % 2 == 0:
                    found[i : i + 2] = swapped(space, found[i], found[i + 1], self.swap, rng)
            elif rng.random() < self.mutate:
                found[i] = space.mutate(found[i], rng, self.flip)
        return tuple(new if allowed(new) else old for new, old in zip(found, before, strict=True))


def chances(accuracies: Sequence[float]) -> NDArray[np.float64]:
    """Russian roulette: how likely each is drawn; what is not finite counts as the lowest that is."""
    values = np.array(accuracies)
    lowest = values[values > WORST].min(initial=np.inf)
    above = (
        np.where(values > WORST, values, lowest) - lowest if np.isfinite(lowest) else np.zeros(len(values))
    )
    total = above.sum()
    return above / total if total > 0 else np.full(len(values), 1 / len(values))


def swapped(space: Space, a: Arch, b: Arch, rate: float, rng: np.random.Generator) -> tuple[Arch, Arch]:
    """Two architectures, each choice with all inside it exchanged with the given probability."""
    swaps = {choice.name for choice in space.choices if rng.random() < rate}
    pairs = zip(a.picks, b.picks, strict=True)
    picks = [(q, p) if p[0] in swaps else (p, q) for p, q in pairs]
    return Arch(tuple(p for p, _ in picks)), Arch(tuple(q for _, q in picks))
