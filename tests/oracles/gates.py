"""Gates from their equations, entry by entry, in NumPy.

A table is `rows x options`; ``has`` says which entries there are, ``node`` which node each row enters.
"""

import numpy as np


def rivals(has, node, over):
    """Lists of entries that compete with each other."""
    rows, columns = has.shape
    lists = {}
    for row in range(rows):
        for column in range(columns):
            if has[row, column]:
                key = {"row": row, "node": int(node[row]), "nothing": (row, column)}[over]
                lists.setdefault(key, []).append((row, column))
    return list(lists.values())


def smooth(a, has, node, phi, over, t):
    """phi(a / t) over the sum of those that compete; alone where nothing does."""
    out = np.zeros(a.shape)
    for entries in rivals(has, node, over):
        x = np.array([a[e] / t for e in entries])
        if over == "nothing":
            values = np.exp(x) if phi == "exp" else 1 / (1 + np.exp(-x))
        elif phi == "exp":
            values = np.exp(x - x.max()) / np.exp(x - x.max()).sum()
        else:
            opened = 1 / (1 + np.exp(-x))
            values = opened / opened.sum()
        for e, value in zip(entries, values, strict=True):
            out[e] = value
    return out


def gradient(a, has, node, phi, over, t, upstream):
    """d sum(upstream * smooth) / d a, by the derivative of each entry in each rival."""
    out = np.zeros(a.shape)
    s = smooth(a, has, node, phi, over, t)
    opened = 1 / (1 + np.exp(-a / t))
    for entries in rivals(has, node, over):
        total = sum(opened[e] for e in entries)
        for i in entries:
            for j in entries:
                same = float(i == j)
                if over == "nothing":
                    slope = same * (s[i] if phi == "exp" else s[i] * (1 - s[i]))
                elif phi == "exp":
                    slope = s[i] * (same - s[j])
                else:
                    rise = opened[j] * (1 - opened[j])
                    slope = same * rise / total - opened[i] * rise / total**2
                out[j] += upstream[i] * slope / t
    return out


def hard(a, has, node, phi, over):
    """1 at the largest of those that compete; where nothing does, where a sigmoid is above a half."""
    out = np.zeros(a.shape)
    for entries in rivals(has, node, over):
        if over == "nothing":
            out[entries[0]] = float(a[entries[0]] > 0)
        else:
            out[max(entries, key=lambda e: a[e])] = 1.0
    return out


def nearest(a, node, options, leave_out, inputs):
    """1 at the largest entry of the ``inputs`` rows of each node whose largest entries are largest.

    ``leave_out`` is a column that is never chosen, or None.
    """
    out = np.zeros(a.shape)
    allowed = [c for c in range(options) if c != leave_out]
    for number in sorted(set(node)):
        rows = [row for row in range(len(node)) if node[row] == number]
        ranked = sorted(rows, key=lambda row: -max(a[row, c] for c in allowed))
        for row in ranked[:inputs]:
            out[row, max(allowed, key=lambda c: a[row, c])] = 1.0
    return out
