"""Costs of architectures and of gates, by listing everything, in NumPy."""

import numpy as np


def price(choices, arch, costs):
    """The sum over everything that the architecture has."""
    total = 0.0
    for group in choices.groups():
        for row, path in enumerate(group.rows):
            for option in arch.picked_at(path):
                total += costs[group.name][row, group.options.index(option)]
    return total


def expected(gates, costs, present):
    """sum_r sum_o gate_ro cost_ro over what is there."""
    return sum(
        gates[name][row, o] * costs[name][row, o]
        for name in costs
        for row in range(len(costs[name]))
        for o in range(costs[name].shape[1])
        if present[name][row, o]
    )


def even(costs, present):
    """The same with gates of 1/n at each choice of n options."""
    return sum(costs[name][row, has].mean() for name in costs for row, has in enumerate(present[name]))


def relative(value, reference):
    return (value - reference) / reference


def kept(gates, kept):
    """Gates of what is kept, divided by their sum, one row after the other."""
    out = np.zeros_like(gates)
    for row, columns in enumerate(kept):
        out[row, columns] = gates[row, columns] / gates[row, columns].sum()
    return out


def kept_chances(n, rate):
    """Each set kept of n to its probability, when each is dropped by itself and never are all."""
    drop = rate ** (1 / n)
    found = {}
    for code in range(1, 2**n):
        size = code.bit_count()
        found[code] = (1 - drop) ** size * drop ** (n - size) / (1 - rate)
    return found


def deletions(most, epochs):
    """Options left after each epoch: rounds of most, most - 1, ..., 2 shares, after each one is deleted."""
    whole = sum(range(2, most + 1))
    ends = np.cumsum([m * epochs / whole for m in range(most, 1, -1)])
    return [most - int((ends <= epoch + 1e-9).sum()) for epoch in range(1, epochs + 1)]


def capacity(parameters, lightest, power):
    """Odds of the options of one choice, from the parameters of each."""
    trained = [p for p in parameters if p > 0]
    return [1.0 if p == 0 else lightest * (p / min(trained)) ** power for p in parameters]
