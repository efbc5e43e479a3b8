"""Exact rank tests by enumeration: every sign, every way to deal the values to two sides."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product


def midranks(values: list[Fraction]) -> list[Fraction]:
    ordered = sorted(values)
    return [
        Fraction(ordered.index(v) + 1 + ordered.index(v) + ordered.count(v), 2) for v in values
    ]  # mean of first and last place


def signed_rank(differences: list[Fraction]) -> Fraction:
    left = [d for d in differences if d != 0]
    ranks = midranks([abs(d) for d in left])
    seen = sum(r if d > 0 else -r for d, r in zip(left, ranks, strict=True))
    sums = [
        sum(s * r for s, r in zip(signs, ranks, strict=True)) for signs in product((1, -1), repeat=len(left))
    ]
    return Fraction(sum(abs(one) >= abs(seen) for one in sums), len(sums))


def rank_sum(a: list[Fraction], b: list[Fraction]) -> Fraction:
    ranks = midranks([*a, *b])
    middle = len(a) * sum(ranks) / len(ranks)
    seen = abs(sum(ranks[: len(a)]) - middle)
    sums = [sum(ranks[i] for i in dealt) for dealt in combinations(range(len(ranks)), len(a))]
    return Fraction(sum(abs(one - middle) >= seen for one in sums), len(sums))


def holm(values: list[float]) -> list[float]:
    """The least level at which a hypothesis and all of smaller p are rejected."""
    order = sorted(values)
    return [min(1.0, max((len(order) - j) * order[j] for j in range(order.index(p) + 1))) for p in values]
