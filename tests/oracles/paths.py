"""Paths drawn from gates, and what is learnt from them, from the equations, in NumPy.

A DARTS cell is (node, source) to a row of its table; node i picks two of its sources without replacement,
a source by the sum of the gates of its operations other than ``none``, then one operation on each.
"""

from itertools import combinations

import numpy as np


def softmax(alpha):
    powers = np.exp(alpha - alpha.max())
    return powers / powers.sum()


def pair(weights, a, b):
    """Probability that two draws without replacement give a and b, in either order."""
    whole = sum(weights)
    first = weights[a] / whole * weights[b] / (whole - weights[a])
    return first + weights[b] / whole * weights[a] / (whole - weights[b])


def node(rows):
    """Each (source, operation), (source, operation) to its probability; rows hold what may be picked."""
    strength = [row.sum() for row in rows]
    return {
        ((a, i), (b, j)): pair(strength, a, b) * rows[a][i] / strength[a] * rows[b][j] / strength[b]
        for a, b in combinations(range(len(rows)), 2)
        for i in range(len(rows[a]))
        for j in range(len(rows[b]))
    }


def chain(rows, picks):
    """Probability of a chain of layers."""
    return np.prod([row[pick] / row.sum() for row, pick in zip(rows, picks, strict=True)])


def reinforce(alpha, picks, rewards, baseline):
    """-1/n sum_k (R_k - b) d log prod_r p_r(pick_kr) / d alpha; d log p_o / d alpha_j = [j = o] - p_j."""
    slope = np.zeros_like(alpha)
    for picked, reward in zip(picks, rewards, strict=True):
        for row, option in enumerate(picked):
            there = np.eye(alpha.shape[1])[option] - softmax(alpha[row])
            slope[row] -= (reward - baseline) * there / len(picks)
    return slope


def baselines(means, rate):
    """b before each move of alpha is used."""
    found = []
    for mean in means:
        found.append(mean if not found else found[-1] + rate * (mean - found[-1]))
    return found


def two_path(alpha, drawn, by_gate):
    """dL/dalpha_i = sum_j dL/dg_j q_j ([i = j] - q_i) over the two drawn options of each row."""
    slope = np.zeros_like(alpha)
    for row, two in enumerate(drawn):
        q = softmax(alpha[row, two])
        for i, option in enumerate(two):
            slope[row, option] = sum(
                by_gate[row, other] * q[j] * ((i == j) - q[i]) for j, other in enumerate(two)
            )
    return slope


def two_path_chances(p):
    """Each (on, off) to its probability: two of p without replacement, then one by the two's own softmax."""
    return {
        (a, b): pair(p, a, b) * p[a] / (p[a] + p[b]) for a in range(len(p)) for b in range(len(p)) if a != b
    }


def conserved(before, after, computed):
    """What was not computed goes back; what was is moved together until the former keep their softmax."""
    table = before.copy()
    for row, columns in enumerate(computed):
        offset = np.log(np.exp(after[row, columns]).sum() / np.exp(before[row, columns]).sum())
        table[row, columns] = after[row, columns] - offset
    return table
