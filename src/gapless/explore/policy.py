"""Policy: a recurrent network that decides one choice of a space after the other."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
import torch
from torch import Tensor

from gapless.core import Arch, Path, Space

Decisions = tuple[tuple[tuple[int, ...], int], ...]
"""For each decision the rows that were allowed and the row that was taken."""


@dataclass(frozen=True)
class Policy:
    """An LSTM over all choices of a space in their order, each followed by those inside what was picked.

    A decision is ``softmax(W h + b)`` over the rows of the options not yet picked at that choice; its
    embedding is the next input, the first input is learnt. Where several are picked, several decisions follow
    each other; where fewer may be, to stop is one more option. Parameters are one vector theta in float64.
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
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of each part of theta, in order."""
        size, h = self.rows[()], self.hidden
        table = {"first": (h,), "embedding": (size, h), "weight": (size, h), "bias": (size,)}
        for layer in range(self.layers):
            table |= {f"input{layer}": (4 * h, h), f"state{layer}": (4 * h, h), f"shift{layer}": (4 * h,)}
        return table

    def begin(self, rng: np.random.Generator, width: float = 0.08) -> Tensor:
        """theta: weights uniform from -width to width, the biases of decisions 0."""
        drawn = {name: rng.uniform(-width, width, shape) for name, shape in self.shapes.items()}
        drawn["bias"] *= 0
        return torch.from_numpy(np.concatenate([value.ravel() for value in drawn.values()]))

    def parts(self, theta: Tensor) -> dict[str, Tensor]:
        """Views of theta by name."""
        pieces = torch.split(theta, [prod(shape) for shape in self.shapes.values()])
        return {n: piece.view(s) for (n, s), piece in zip(self.shapes.items(), pieces, strict=True)}

    @torch.no_grad()
    def draw(self, theta: Tensor, count: int, rng: np.random.Generator) -> list[tuple[Arch, Decisions]]:
        """Independent architectures with the decisions that led to them."""
        p = self.parts(theta)
        walks = [self._walk(self.space, ()) for _ in range(count)]
        allowed = [next(walk, None) for walk in walks]
        taken = [list[tuple[tuple[int, ...], int]]() for _ in walks]
        archs, x, states = [Arch()] * count, p["first"].expand(count, -1), self._rest(count)
        while any(allowed):
            x, states = self._step(p, x, states)
            logs = self._logs(p, x, [rows or (0,) for rows in allowed])
            sums, points, rows = logs.exp().numpy().cumsum(1), rng.random(count), [0] * count
            for i, may in enumerate(allowed):
                if may is not None:
                    place = int(np.searchsorted(sums[i], points[i] * sums[i, -1], "right"))
                    rows[i] = place if place in may else may[-1]
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

    def judge(self, theta: Tensor, paths: Sequence[Decisions]) -> tuple[Tensor, Tensor]:
        """Logarithm of the probability of decisions, and the sum of their entropies (nats): `n`, `n`."""
        p, count = self.parts(theta), len(paths)
        x, states = p["first"].expand(count, -1), self._rest(count)
        log_chance = entropy = theta.new_zeros(count)
        for t in range(max(map(len, paths), default=0)):
            now = [path[t] if t < len(path) else ((0,), 0) for path in paths]
            rows = [row for _, row in now]
            x, states = self._step(p, x, states)
            logs = self._logs(p, x, [may for may, _ in now])
            log_chance = log_chance + logs[range(count), rows]
            entropy = entropy - (logs.exp() * logs.clamp(min=-1e300)).sum(1)
            x = p["embedding"][rows]
        return log_chance, entropy

    def _rest(self, count: int) -> list[tuple[Tensor, Tensor]]:
        zero = torch.zeros(count, self.hidden, dtype=torch.float64)
        return [(zero, zero)] * self.layers

    def _step(
        self, p: Mapping[str, Tensor], x: Tensor, states: list[tuple[Tensor, Tensor]]
    ) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        after = []
        for layer, (h, old) in enumerate(states):
            gates = x @ p[f"input{layer}"].T + h @ p[f"state{layer}"].T + p[f"shift{layer}"]
            i, f, g, o = gates.chunk(4, 1)
            c = f.sigmoid() * old + i.sigmoid() * g.tanh()
            x = o.sigmoid() * c.tanh()
            after.append((x, c))
        return x, after

    def _logs(self, p: Mapping[str, Tensor], x: Tensor, allowed: Sequence[tuple[int, ...]]) -> Tensor:
        shut = np.ones((len(allowed), self.rows[()]), np.bool_)
        for i, rows in enumerate(allowed):
            shut[i, list(rows)] = False
        logits = x @ p["weight"].T + p["bias"]
        return logits.masked_fill(torch.from_numpy(shut), -torch.inf).log_softmax(1)

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
                inner.append((option, (yield from self._walk(choice.inside(option), (*path, option)))))
            picks.append((choice.name, tuple(inner)))
        return Arch(tuple(picks))

    def _picked(self, arch: Arch, prefix: Path) -> Iterator[int]:
        for name, options in arch.picks:
            names = list(self.space.choice((*prefix, name)).options)
            for option, inner in options:
                yield self.rows[(*prefix, name)] + names.index(option)
                yield from self._picked(inner, (*prefix, name, option))


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
