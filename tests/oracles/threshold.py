"""Reading an architecture off independent gates, in plain Python.

A table is a list of rows, a row a mapping from operation to gate.
"""


def cell(rows, nodes, inputs, least):
    """For each node its ``inputs`` strongest edges, those below ``least`` last; edges are source numbers."""
    found, start = {}, 0
    for node in range(2, 2 + nodes):
        strongest = {}
        for source in range(node):
            row = rows[start + source]
            operation = max(row, key=lambda name: row[name])
            strongest[source] = (row[operation], operation)
        start += node
        above = [s for s in strongest if strongest[s][0] >= least]
        below = [s for s in strongest if strongest[s][0] < least]
        order = sorted(above, key=lambda s: -strongest[s][0]) + sorted(below, key=lambda s: -strongest[s][0])
        found[node] = {source: strongest[source][1] for source in sorted(order[:inputs])}
    return found


def edges(rows, absent, least):
    """For each row its strongest operation, or ``absent`` where that is below ``least``."""
    found = []
    for row in rows:
        others = {name: value for name, value in row.items() if name != absent}
        best = max(others, key=lambda name: others[name])
        found.append(best if others[best] >= least else absent)
    return found
