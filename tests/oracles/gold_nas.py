"""GOLD-NAS in plain numpy: the penalty, and which operations die.

node    {name: gate} of one node
pi_o    gate_o / sum of the node's gates
R       sum over o with pi_o > floor of log(1 + n pi_o) * (r + mu * MACs_o / 1e6), n of them in the node
"""

import math


def shares(node):
    total = sum(node.values())
    return {name: gate / total for name, gate in node.items()}


def penalty(nodes, floor=0.01, r=1.0, mu=0.0, macs=None):
    total = 0.0
    for node in nodes:
        live = {name: pi for name, pi in shares(node).items() if pi > floor}
        for name, pi in live.items():
            total += math.log(1 + len(live) * pi) * (r + (mu * macs[name] / 1e6 if mu else 0.0))
    return total


def dying(nodes, floor, ceiling, rounds):
    """Names that die, of nodes that keep at least one; names are distinct over all nodes."""
    nodes, gone = [dict(node) for node in nodes], set()
    for _ in range(rounds):
        every = sorted((pi, name, i) for i, node in enumerate(nodes) for name, pi in shares(node).items())
        every = [entry for entry in every if len(nodes[entry[2]]) > 1]
        weak = [entry for entry in every if entry[0] <= floor]
        rest = [entry for entry in every if entry[0] > floor]
        if rest and rest[0][0] <= ceiling:
            weak.append(rest[0])
        for _, name, i in weak:
            if len(nodes[i]) > 1:
                del nodes[i][name]
                gone.add(name)
    return gone


def controller(died, rounds, step, factor):
    """lambda after each epoch in which so many died."""
    price, delta, found = 0.0, step, []
    for number in died:
        if number >= rounds:
            delta, price = step, price / factor
        else:
            delta *= factor
            price += delta
        found.append(price)
    return found
