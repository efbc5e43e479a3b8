"""LaNAS: a tree of linear regressors splits the space into better and worse regions, and is searched by UCT.

Wang et al. 2019 (sample-efficient neural architecture search by learning action space);
facebookresearch/LaMCTS, LaNAS/LaNAS_NASBench101.
"""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gapless.core import Arch, Space
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.evaluate.predictor.contract import Values, encoded
from gapless.explore.contract import WORST, check_count, worth
from gapless.explore.learned import best, candidates, within
from gapless.explore.random import filled

PARENTS = 10
"""The best architectures, of which half of a pool are mutants."""


@dataclass
class Region:
    """A node of the tree: ``w x + b >= cut`` leads to ``children[0]``, else to ``children[1]``.

    ``visits`` and ``total`` (the sum of what was found) grow as records are told; ``left`` are architectures
    of the pool that are not asked for yet, and ``here`` holds those of a leaf, which has no children.
    """

    weights: Values | None = None
    bias: float = 0.0
    cut: float = 0.0
    children: tuple[Region, ...] = ()
    visits: int = 0
    scored: int = 0
    total: float = 0.0
    left: int = 0
    here: list[Arch] = field(default_factory=list)

    def good(self, x: Values) -> NDArray[np.bool_]:
        """Rows `n x d` that belong to the better child, `n`."""
        assert self.weights is not None
        found: NDArray[np.bool_] = x @ self.weights + self.bias >= self.cut
        return found

    def way(self, x: Values) -> list[Region]:
        """The regions of one architecture `d`, from the root down."""
        if not self.children:
            return [self]
        return [self, *self.children[0 if self.good(x[None])[0] else 1].way(x)]

    def fill(self, archs: Sequence[Arch], x: Values) -> None:
        """Gives architectures, with their rows `n x d`, to the leaves."""
        self.left = len(archs)
        if not self.children:
            self.here = list(archs)
        elif archs:
            good = self.good(x)
            for child, rows in zip(self.children, (good, ~good), strict=True):
                child.fill([archs[int(i)] for i in np.flatnonzero(rows)], x[rows])

    @property
    def mean(self) -> float:
        return self.total / self.scored if self.scored else 0.0


@dataclass(frozen=True)
class LaNas:
    """Random architectures, then rounds: the tree is learnt anew, and its leaves are chosen by UCT.

    Every node of a full binary tree fits ridge regression to its own architectures and splits them at their
    mean prediction. A leaf is reached from the root by ``argmax_j mean_j + 2 c sqrt(2 ln n / n_j)``, n being
    the visits of the parent and n_j those of child j; its architectures are random ones of the region.

    Published defaults: ``height`` 5, ``c`` 0.1, 10 random architectures, 20 a round.

    Deviation: ridge regression in closed form, where the published code descends by Adam; a region's
    architectures are those of a pool, half of it random and half mutants of the best ones scored, where that
    code has a table of all that are left; of two children the one with some left in the pool is entered.
    Values are accuracies in [0, 1]. Of several asked for at once, the earlier count as visits of the tree
    before they have values.

    Args:
        height: splits from the root to a leaf.
        c: how much is explored.
        initial: random architectures before the first tree.
        batch: records before the tree is learnt anew.
        pool: architectures that regions are filled from.
        penalty: of the ridge regression, ``|y - X w - b|^2 + penalty |w|^2``.
        objective: what is maximised.

    Raises:
        BadValue: counts below 1, or a negative height, c or penalty.
    """

    height: int = 5
    c: float = 0.1
    initial: int = 10
    batch: int = 20
    pool: int = 100
    penalty: float = 1.0
    objective: str = "accuracy"

    def __post_init__(self) -> None:
        counts, others = (self.initial, self.batch, self.pool), (self.height, self.c, self.penalty)
        if min(counts) < 1 or min(others) < 0:
            raise BadValue(
                expected="initial, batch and pool >= 1, height, c and penalty >= 0",
                got=f"{counts} and {others}",
                do="use the published 10, 20; 5, 0.1",
            )

    def ask(self, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int) -> list[Arch]:
        """See `gapless.explore.contract.Explorer.ask`."""
        check_count(n)
        known = within(history, space)
        if len(known) < self.initial:
            return filled(min(n, self.initial - len(known)), lambda place, seen: None, history, space, rng)
        told = (len(known) - self.initial) % self.batch
        x = np.array([encoded(space, record.arch) for record in known])
        y = np.array([worth(record, self.objective) for record in known])
        y[y == WORST] = min(y[y > WORST], default=0.0)
        learnt = len(known) - told
        root = grown(x[:learnt], y[:learnt], self.height, self.penalty)
        for row, value in zip(x[learnt:], y[learnt:], strict=True):
            for node in root.way(row):
                node.visits, node.scored, node.total = node.visits + 1, node.scored + 1, node.total + value
        before = {record.arch for record in history}
        parents = best(known, PARENTS, self.objective)
        pool = candidates(parents, self.pool // 2, self.pool - self.pool // 2, before, space, rng)
        root.fill(pool, np.array([space.encode(arch) for arch in pool]))

        def chosen(place: int, seen: Set[Arch]) -> Arch | None:
            if not root.left:
                return None
            way = select(root, self.c)
            for node in way:
                node.left, node.visits = node.left - 1, node.visits + 1
            return way[-1].here.pop(0)

        return filled(min(n, self.batch - told), chosen, history, space, rng)


def grown(x: Values, y: Values, height: int, penalty: float) -> Region:
    """The tree of architectures `n x d` with values `n`; a node that cannot be split is a leaf."""
    node = Region(visits=len(y), scored=len(y), total=float(y.sum()))
    if height == 0 or len(y) < 2:
        return node
    node.weights, node.bias = ridge(x, y, penalty)
    node.cut = float((x @ node.weights + node.bias).mean())
    good = node.good(x)
    if good.all() or not good.any():
        return node
    node.children = tuple(grown(x[rows], y[rows], height - 1, penalty) for rows in (good, ~good))
    return node


def ridge(x: Values, y: Values, penalty: float) -> tuple[Values, float]:
    """``w`` and ``b`` that minimise ``|y - X w - b|^2 + penalty |w|^2``."""
    center, level = x.mean(0), float(y.mean())
    apart = x - center
    gram = apart @ apart.T + max(penalty, 1e-12) * np.eye(len(y))
    weights: Values = apart.T @ np.linalg.solve(gram, y - level)
    return weights, level - float(center @ weights)


def select(root: Region, c: float) -> list[Region]:
    """The way to the leaf that UCT leads to, of those with architectures left; the root must have some."""
    way = [root]
    while way[-1].children:
        n = way[-1].visits
        open_ = (child for child in way[-1].children if child.left)
        way.append(max(open_, key=lambda child: uct(child.mean, child.visits, n, c)))
    return way


def uct(mean: float, visits: int, parent: int, c: float) -> float:
    """``mean + 2 c sqrt(2 ln parent / visits)``; infinite where there was no visit."""
    return mean + 2 * c * math.sqrt(2 * math.log(parent) / visits) if visits else math.inf
