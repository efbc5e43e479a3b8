"""A recurrent policy over nested choices, and what it learns from rewards, in NumPy.

A space is a list of choices (name, picks, [(option, space inside), ...]). Gates of the LSTM are in the order
input, forget, cell, output. Rows of the tables stand for options, in the order of a walk through the tree:
a choice's options, then what is inside each.
"""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def starts(space, path=(), at=0, found=None):
    """First row of each choice."""
    found = {} if found is None else found
    for name, _, options in space:
        found[(*path, name)] = at
        at += len(options)
        for option, inside in options:
            at, _ = starts(inside, (*path, name, option), at, found)
    return at, found


def lstm(p, x, h, c):
    gates = p["cell.weight_ih"] @ x + p["cell.bias_ih"] + p["cell.weight_hh"] @ h + p["cell.bias_hh"]
    i, f, g, o = np.split(gates, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def draw(p, space, bound, points):
    """Picked (path, option) in the order of decisions, log-probability and entropy; one point a decision."""
    rows, state = starts(space)[1], [p["first"][0], 0 * p["first"][0], 0 * p["first"][0]]
    taken, log_chance, entropy = [], [0.0], [0.0]

    def walk(space, path):
        for name, picks, options in space:
            here, left = (*path, name), list(range(len(options)))
            chosen = []
            for _ in range(picks):
                state[1:] = lstm(p, *state)
                table = p["weight"][rows[here] :][: len(options)] @ state[1]
                logits = (table + p["bias"][rows[here] :][: len(options)])[left]
                logits = bound * np.tanh(logits) if bound else logits
                chance = np.exp(logits) / np.exp(logits).sum()
                k = int(np.searchsorted(np.cumsum(chance), next(points)))
                log_chance[0] += np.log(chance[k])
                entropy[0] -= (chance * np.log(chance)).sum()
                state[0] = p["embedding"][rows[here] + left[k]]
                taken.append((here, options[left[k]][0]))
                chosen.append(left.pop(k))
            for i in chosen:
                walk(options[i][1], (*here, options[i][0]))

    walk(space, ())
    return taken, log_chance[0], entropy[0]


def advantages(rewards, keep):
    """R_k - b, b being moved by R_k before."""
    found, b = [], 0.0
    for reward in rewards:
        b = keep * b + (1 - keep) * reward
        found.append(reward - b)
    return found, b
