"""Policy: a recurrent network that decides one choice of a space after the other."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from gapless.core import Arch, Path, Space
from gapless.explore.lstm import Floats, Kept, Lstm

Decisions = tuple[tuple[tuple[int, ...], int], ...]
"""For each decision the rows that were allowed and the row that was taken."""

NOTHING, NONE = (0,), Arch()


@dataclass(frozen=True)
class Judged:
    """Of `n` paths: log-probabilities, sums of entropies (nats), and what their slopes need."""

    log_chance: Floats
    entropy: Floats
    tape: list[list[Kept]]
    taken: list[list[int]]
    chances: list[Floats]


@dataclass(frozen=True)
class Policy:
    """An LSTM over all choices of a space in their order, each followed by those inside what was picked.

    A decision is ``softmax(W h + b)`` over the rows of the options not yet picked at that choice; its
    embedding is the next input, the first input is learnt. Where several are picked, several decisions follow
    each other; where fewer may be, to stop is one more option. Parameters are one vector theta.
    Reference: Zoph & Le 2017, section 3.1 and Zoph et al. 2018, section 3.1.

    Deviation: every decision is a softmax with rows of its own, also where NAS-RL draws links by attention
    between anchor points.

    Args:
        space: what is decided.
        hidden: units of a layer, and the size of embeddings.
        layers: of the LSTM.
    """

    space: Space
    hidden: int
    layers: int

    @cached_property
    def rows(self) -> dict[Path, int]:
        """The first row of every choice, and the number of all rows under the empty path."""
        found, size = dict[Path, int](), 0
        for path, count in _counted(self.space, ()):
            found[path], size = size, size + count
        return {**found, (): size}

    @cached_property
    def net(self) -> Lstm:
        """What gives the logits of decisions."""
        return Lstm(self.rows[()], self.hidden, self.layers)

    def begin(self, rng: np.random.Generator, width: float = 0.08) -> Floats:
        """Parameters theta before anything is learnt; nearly every decision is nearly uniform."""
        return self.net.begin(rng, width)

    def draw(self, theta: Floats, count: int, rng: np.random.Generator) -> list[tuple[Arch, Decisions]]:
        """Independent architectures with the decisions that led to them."""
        p = self.net.parts(theta)
        walks = [self._walk(self.space, ()) for _ in range(count)]
        allowed = [next(walk, None) for walk in walks]
        taken = [list[tuple[tuple[int, ...], int]]() for _ in walks]
        archs, x, states = [Arch()] * count, np.tile(p["first"], (count, 1)), self.net.rest(count)
        while any(allowed):
            logits, states, _ = self.net.step(p, x, states)
            sums = np.exp(self._logs(logits, [may or NOTHING for may in allowed])).cumsum(1)
            points, rows = rng.random(count), [0] * count
            for i, may in enumerate(allowed):
                if may is not None:
                    row = int(np.searchsorted(sums[i], points[i] * sums[i, -1], "right"))
                    rows[i] = row if row in may else may[-1]
                    taken[i].append((may, rows[i]))
                    allowed[i], archs[i] = _sent(walks[i], rows[i], archs[i])
            x = p["embedding"][rows]
        return [(arch, tuple(path)) for arch, path in zip(archs, taken, strict=True)]

    def decisions(self, arch: Arch, rng: np.random.Generator) -> Decisions:
        """Decisions that lead to an architecture; several picks of one choice in a random order."""
        picked, found = set(self._picked(arch, ())), list[tuple[tuple[int, ...], int]]()
        walk = self._walk(self.space, ())
        allowed = next(walk, None)
        while allowed is not None:
            may = [row for row in allowed if row in picked]
            row = may[int(rng.integers(len(may)))] if may else allowed[-1]
            found.append((allowed, row))
            allowed, _ = _sent(walk, row, arch)
        return tuple(found)

    def judge(self, theta: Floats, paths: Sequence[Decisions]) -> Judged:
        """How likely decisions are."""
        p, count = self.net.parts(theta), len(paths)
        x, states = np.tile(p["first"], (count, 1)), self.net.rest(count)
        log_chance, entropy = np.zeros(count), np.zeros(count)
        tape, taken, chances = list[list[Kept]](), list[list[int]](), list[Floats]()
        for t in range(max(map(len, paths), default=0)):
            now = [path[t] if t < len(path) else (NOTHING, 0) for path in paths]
            rows = [row for _, row in now]
            logits, states, kept = self.net.step(p, x, states)
            logs = self._logs(logits, [may for may, _ in now])
            chance = np.exp(logs)
            log_chance += logs[range(count), rows]
            entropy -= np.where(chance > 0, chance * logs.clip(-1e300), 0).sum(1)
            tape.append(kept)
            taken.append(rows)
            chances.append(chance)
            x = p["embedding"][rows]
        return Judged(log_chance, entropy, tape, taken, chances)

    def slope(self, theta: Floats, judged: Judged, chance: Floats, entropy: Floats) -> Floats:
        """Derivative by theta of ``sum_k chance_k log P_k + entropy_k H_k``, where theta was judged."""
        found = []
        for rows, p in zip(judged.taken, judged.chances, strict=True):
            taken = np.zeros_like(p)
            taken[range(len(rows)), rows] = 1
            logs = np.log(np.where(p > 0, p, 1))
            h = -(p * logs).sum(1, keepdims=True)
            found.append(chance[:, None] * (taken - p) - entropy[:, None] * p * (logs + h))
        return self.net.slope(theta, judged.tape, judged.taken, found) if found else np.zeros_like(theta)

    def _logs(self, logits: Floats, allowed: Sequence[tuple[int, ...]]) -> Floats:
        """log-softmax over the allowed rows, -inf elsewhere."""
        logits = logits + _shut(tuple(allowed), self.rows[()])
        logits -= logits.max(1, keepdims=True)
        logs: Floats = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        return logs

    def _walk(self, space: Space, prefix: Path) -> Generator[tuple[int, ...], int, Arch]:
        """Yields the rows allowed at each decision, is sent the row taken, and returns the architecture."""
        picks = []
        for choice in space.choices:
            path, options, picked = (*prefix, choice.name), list(choice.options), list[int]()
            first, stop = self.rows[path], self.rows[path] + len(options)
            while len(picked) < choice.most:
                free = [first + i for i in range(len(options)) if i not in picked]
                row = yield tuple(free if len(picked) < choice.least else [*free, stop])
                if row == stop:
                    break
                picked.append(row - first)
            inner = []
            for option in (options[i] for i in picked):
                inside, arch = choice.inside(option), NONE
                if inside.choices:
                    arch = yield from self._walk(inside, (*path, option))
                inner.append((option, arch))
            picks.append((choice.name, tuple(inner)))
        return Arch(tuple(picks))

    def _picked(self, arch: Arch, prefix: Path) -> Iterator[int]:
        for name, options in arch.picks:
            names = list(self.space.choice((*prefix, name)).options)
            for option, inner in options:
                yield self.rows[(*prefix, name)] + names.index(option)
                yield from self._picked(inner, (*prefix, name, option))


@lru_cache(maxsize=256)
def _shut(allowed: tuple[tuple[int, ...], ...], size: int) -> Floats:
    """0 at the allowed rows, -inf elsewhere: `n x size`."""
    shut = np.full((len(allowed), size), -np.inf)
    for i, rows in enumerate(allowed):
        shut[i, rows] = 0
    return shut


def _sent(
    walk: Generator[tuple[int, ...], int, Arch], row: int, arch: Arch
) -> tuple[tuple[int, ...] | None, Arch]:
    try:
        return walk.send(row), arch
    except StopIteration as end:
        return None, end.value


def _counted(space: Space, prefix: Path) -> Iterator[tuple[Path, int]]:
    """Every choice's path, and how many rows it has."""
    for choice in space.choices:
        path = (*prefix, choice.name)
        yield path, len(choice.options) + (choice.least < choice.most)
        for option in choice.options:
            yield from _counted(choice.inside(option), (*path, option))
