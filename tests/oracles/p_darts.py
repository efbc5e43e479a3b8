"""P-DARTS by hand: dropout rates, what a stage drops, and how skips are limited. Lists and dictionaries.

A table is a list of rows, one an edge, each a mapping from operation to probability.
"""

import math


def dropout(start, epochs=25, held=10):
    """The rate of each epoch of a stage."""
    linear = [start * (epochs - e - 1) / epochs for e in range(held)]
    return linear + [start * math.exp(-(e - held) * 0.2) for e in range(held, epochs)]


def kept(row, k):
    """Operations left when the others went one by one, the least probable first."""
    left = dict(row)
    while len(left) > k:
        del left[min(left, key=left.get)]
    return set(left)


def cell(rows, nodes=4, absent="none"):
    """For each node its two strongest inputs: source number to operation."""
    found, start = {}, 0
    for node in range(2, 2 + nodes):
        best = {}
        for source in range(node):
            row = {o: p for o, p in rows[start + source].items() if o != absent}
            operation = max(row, key=row.get)
            best[source] = (operation, row[operation])
        first, second = sorted(best, key=lambda s: -best[s][1])[:2]
        found[node] = {s: best[s][0] for s in sorted((first, second))}
        start += node
    return found


def limited(rows, most, skip, nodes=4):
    """The cell with at most so many skips."""
    rows = [dict(row) for row in rows]
    while True:
        found = cell(rows, nodes)
        skips = [(node, s) for node, inputs in found.items() for s, o in inputs.items() if o == skip]
        if len(skips) <= most:
            return found
        edges = [sum(range(2, node)) + source for node, source in skips]
        rows[min(edges, key=lambda e: rows[e][skip])][skip] = 0.0
