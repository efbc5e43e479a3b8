"""The group lasso from its equation (Yuan & Lin 2006, eq. 4), in plain Python."""

import math


def penalty(sets, weight):
    """weight * sum over sets of sqrt(size) * Euclidean norm."""
    return weight * sum(math.sqrt(len(z)) * math.sqrt(sum(x * x for x in z)) for z in sets)


def slope(members, value, weight):
    """By one gate of a set; 0 where all are 0."""
    norm = math.sqrt(sum(x * x for x in members))
    return weight * math.sqrt(len(members)) * value / norm if norm else 0.0
