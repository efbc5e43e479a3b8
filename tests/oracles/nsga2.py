"""NSGA-II by definition, without a sort: plain Python over plain lists (Deb et al. 2002, section III).

Points are lists of numbers, higher is better.
"""

import math


def dominates(a, b):
    """Better somewhere, worse nowhere."""
    return any(x > y for x, y in zip(a, b, strict=True)) and not any(x < y for x, y in zip(a, b, strict=True))


def ranks(points):
    """Rank k: not dominated once all points of ranks below k are gone."""
    rank, left, level = {}, set(range(len(points))), 0
    while left:
        best = {i for i in left if not any(dominates(points[j], points[i]) for j in left)}
        rank.update(dict.fromkeys(best, level))
        left, level = left - best, level + 1
    return [rank[i] for i in range(len(points))]


def crowding(points):
    """Sum over objectives of (next higher - next lower) / range among points of the same rank.

    Equal values are told apart by their place; no neighbour on one side: infinite; no range: nothing.
    """
    rank = ranks(points)
    return [sum(_width(points, rank, i, m) for m in range(len(points[i]))) for i in range(len(points))]


def _width(points, rank, i, m):
    peers = [(points[j][m], j) for j in range(len(points)) if rank[j] == rank[i]]
    values = [value for value, _ in peers]
    if max(values) == min(values):
        return 0.0
    higher = [p for p in peers if p > (points[i][m], i)]
    lower = [p for p in peers if p < (points[i][m], i)]
    if not higher or not lower:
        return math.inf
    return (min(higher)[0] - max(lower)[0]) / (max(values) - min(values))


def survivors(points, n):
    """Places of the n that stay: lower rank first, then larger distance, then the earlier."""
    rank, distance = ranks(points), crowding(points)
    return sorted(range(len(points)), key=lambda i: (rank[i], -distance[i], i))[:n]
