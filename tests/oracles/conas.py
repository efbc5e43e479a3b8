"""The LASSO by what its solution must satisfy, and polynomials of signs by listing all of them."""

from itertools import combinations, product

import numpy as np


def monomials(x, columns):
    sets = [(i,) for i in columns] + [(i, j) for i, j in combinations(columns, 2)]
    return sets, np.array([[np.prod([row[i] for i in s]) for s in sets] for row in x])


def lasso(x, y, columns, penalty, sweeps=20_000):
    """Coordinate descent on ``|y - c - X f|^2 / 2n + penalty |f|_1``, y standardised."""
    sets, design = monomials(x, columns)
    target = (y - y.mean()) / y.std()
    design = design - design.mean(0)
    n, f = len(y), np.zeros(len(sets))
    for _ in range(sweeps):
        before = f.copy()
        for k in range(len(sets)):
            column = design[:, k]
            pull = column @ (target - design @ f + column * f[k]) / n
            f[k] = np.sign(pull) * max(abs(pull) - penalty, 0) / (column @ column / n or 1)
        if np.abs(f - before).max() < 1e-13:
            break
    return dict(zip(sets, f, strict=True))


def minimiser(terms, involved, possible):
    """The signs with the smallest value among those that are possible."""
    best = None
    for signs in product((-1, 1), repeat=len(involved)):
        at = dict(zip(involved, signs, strict=True))
        value = sum(c * np.prod([at[i] for i in s]) for s, c in terms.items())
        if possible(at) and (best is None or value < best[0] - 1e-12):
            best = (value, at)
    return best
