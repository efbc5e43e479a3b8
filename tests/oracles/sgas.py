"""SGAS by hand: scores of edges and the order in which cells are decided. Lists and dictionaries."""

import math


def scaled(values):
    low, high = min(values), max(values)
    return [(v - low) / (high - low) if high > low else 1.0 for v in values]


def scores(rows, past=None, absent="none"):
    """The score of each edge, a mapping from operation to probability; ``past`` are earlier lists of rows."""

    def rest(row):
        return {o: p for o, p in row.items() if o != absent}

    def shares(row):
        total = sum(rest(row).values())
        return {o: p / total for o, p in rest(row).items()}

    important = [sum(rest(row).values()) for row in rows]
    certain = []
    for row in rows:
        p = shares(row)
        certain.append(1 - sum(-v * math.log(v) for v in p.values() if v) / math.log(len(p)))
    found = [a * b for a, b in zip(scaled(important), scaled(certain), strict=True)]
    if past is None:
        return found
    stable = []
    for i, row in enumerate(rows):
        now, total = shares(row), 0.0
        for then in past:
            before = shares(then[i])
            total += sum(min(now[o], before[o]) for o in now)
        stable.append(total / len(past) if past else 0.0)
    return [a * b for a, b in zip(found, scaled(stable), strict=True)]


def decide(nodes, order, inputs=2):
    """Edges left of each node, and those decided, when edges (node, source) are decided in this order."""
    left = {node: set(range(node)) for node in nodes}
    done = []
    for node, source in order:
        if source not in left[node]:
            continue
        done.append((node, source))
        mine = {s for n, s in done if n == node}
        if len(mine) == inputs:
            left[node] = mine
    return left, done


def epochs(decisions=8, warm=9, every=5):
    """Ends of epochs, from 1, at which an edge is decided."""
    return [
        e + 1 for e in range(warm + every * (decisions - 1) + 6) if e >= warm and (e - warm) % every == 0
    ][:decisions]
