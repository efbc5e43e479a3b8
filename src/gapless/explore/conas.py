"""CoNAS: a sparse polynomial of what is picked, recovered from few measurements.

Cho, Soltani & Hegde 2019 (one-shot NAS via compressive sensing), algorithm 1; no code of theirs was read.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product
from math import prod

import numpy as np
from numpy.typing import NDArray

from gapless.core import Arch, Path, Space
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.explore.contract import WORST, check_count, worth
from gapless.explore.random import filled

Bits = dict[int, int]


@dataclass(frozen=True)
class Conas:
    """Rounds of ``measurements`` random architectures; after each, some bits are fixed.

    Bit i of an architecture is +1 where it has option i, else -1. The loss of a round is taken for
    ``f(x) = c + sum_S f_S prod_(i in S) x_i`` over sets S of 1 or 2 bits, whose coefficients are those of the
    LASSO, and of them the ``sparsity`` largest. The bits of these S take the values that minimise f and that
    an architecture can have, and the next round is drawn from what has all fixed bits.

    Args:
        measurements: architectures a round; the default is for a few hundred evaluations in all.
        sparsity: coefficients kept; up to twice as many bits are fixed at once.
        penalty: weight of the L1 norm, in ``|y - X f|^2 / (2 measurements) + penalty * |f|_1``, y being
            losses divided by their standard deviation.

    Raises:
        BadValue: fewer than 2 measurements, a sparsity outside 1 to 8, or a penalty that is not above 0.
    """

    measurements: int = 40
    sparsity: int = 5
    penalty: float = 0.05

    def __post_init__(self) -> None:
        if self.measurements < 2 or not 1 <= self.sparsity <= 8 or self.penalty <= 0:
            raise BadValue(
                expected="measurements >= 2, sparsity from 1 to 8, penalty > 0",
                got=f"measurements={self.measurements}, sparsity={self.sparsity}, penalty={self.penalty}",
                do="give such numbers",
            )

    def ask(self, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int) -> list[Arch]:
        """See `gapless.explore.contract.Explorer.ask`."""
        check_count(n)
        rounds, first = divmod(len(history), self.measurements)
        done = history[: rounds * self.measurements]
        losses = tuple(-worth(record, "accuracy") for record in done)
        bits = _fixed(self, space, tuple(record.arch for record in done), losses)

        def drawn(place: int, seen: Set[Arch]) -> Arch | None:
            tried = (consistent(space, bits, rng) for _ in range(20))
            return next((arch for arch in tried if arch is not None and arch not in seen), None)

        return filled(min(n, self.measurements - first), drawn, history, space, rng)


@lru_cache(maxsize=4)
def _fixed(explorer: Conas, space: Space, archs: tuple[Arch, ...], losses: tuple[float, ...]) -> Bits:
    """The bits that whole rounds decide, one round after the other."""
    bits: Bits = {}
    for first in range(0, len(archs), explorer.measurements):
        own = range(first, first + explorer.measurements)
        kept = [k for k in own if archs[k] in space and losses[k] < -WORST]
        x = np.array([2 * space.encode(archs[k]) - 1 for k in kept])
        y = np.array([losses[k] for k in kept])
        if len(y) > 1:
            columns = [i for i in range(x.shape[1]) if i not in bits and np.ptp(x[:, i]) > 0]
            bits |= _minimiser(sparse(x, y, columns, explorer.sparsity, explorer.penalty), space, bits)
    return bits


def _minimiser(terms: Mapping[tuple[int, ...], float], space: Space, bits: Bits) -> Bits:
    """The bits of a polynomial where it is smallest, of those that an architecture can have beside others."""
    involved = sorted({i for term in terms for i in term})
    tried = [dict(zip(involved, signs, strict=True)) for signs in product((-1, 1), repeat=len(involved))]
    tried.sort(key=lambda at: sum(c * prod(at[i] for i in term) for term, c in terms.items()))
    rng = np.random.default_rng(0)  # whether there is one does not depend on what is drawn
    return next((at for at in tried if consistent(space, bits | at, rng) is not None), {})


def sparse(
    x: NDArray[np.float64], y: NDArray[np.float64], columns: Sequence[int], sparsity: int, penalty: float
) -> dict[tuple[int, ...], float]:
    """The largest coefficients of the LASSO over products of at most two of these columns."""
    from sklearn.linear_model import Lasso

    sets = [(i,) for i in columns] + list(combinations(columns, 2))
    if not sets or y.std() == 0:
        return {}
    features = np.array([np.prod(x[:, list(set_)], axis=1) for set_ in sets]).T
    model = Lasso(alpha=penalty, max_iter=100_000, tol=1e-8)  # type: ignore[no-untyped-call]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a coefficient that is not exact to the last digit is good enough
        found = model.fit(features, (y - y.mean()) / y.std()).coef_
    order = np.argsort(-np.abs(found), kind="stable")[:sparsity]
    return {sets[k]: float(found[k]) for k in order if found[k] != 0}


def consistent(space: Space, bits: Mapping[int, int], rng: np.random.Generator) -> Arch | None:
    """A random architecture with all these bits, numbered as `Space.encode` does; None where none has."""
    return _drawn(space, _numbered(space, (), {}), (), bits, rng)


def _numbered(space: Space, prefix: Path, found: dict[Path, int]) -> dict[Path, int]:
    for choice in space.choices:
        for option in choice.options:
            path = (*prefix, choice.name, option)
            found[path] = len(found)
            _numbered(choice.inside(option), path, found)
    return found


def _drawn(
    space: Space, numbers: Mapping[Path, int], prefix: Path, bits: Mapping[int, int], rng: np.random.Generator
) -> Arch | None:
    wanted = {path[: len(prefix) + 2] for path, i in numbers.items() if bits.get(i) == 1}
    picks = []
    for choice in space.choices:
        paths = {option: (*prefix, choice.name, option) for option in choice.options}
        inner = {o: _drawn(choice.inside(o), numbers, path, bits, rng) for o, path in paths.items()}
        can = [o for o, path in paths.items() if inner[o] is not None and bits.get(numbers[path]) != -1]
        must = [option for option, path in paths.items() if path in wanted]
        may = [option for option in can if option not in must]
        least, most = max(choice.least - len(must), 0), min(choice.most - len(must), len(may))
        if most < least or not set(must) <= set(can):
            return None
        more = rng.permutation(len(may))[: int(rng.integers(least, most + 1))]
        names = (*must, *(may[int(i)] for i in more))
        picks.append((choice.name, tuple((o, arch) for o in names if (arch := inner[o]) is not None)))
    return Arch(tuple(picks))
