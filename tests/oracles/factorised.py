"""Operations times activations, pair by pair, as one flat set of candidates, in NumPy or torch float64."""

import numpy as np


def softmax(values):
    powers = np.exp(values - values.max())
    return powers / powers.sum()


def pairs(alpha, beta, gamma, entered, temperature=1.0):
    """`edges x operations x activations`: the weight of every pair on every edge.

    alpha: `edges x operations`; beta: one number an edge; gamma: `edges x activations`.
    """
    out = np.zeros((len(beta), alpha.shape[1], gamma.shape[1]))
    for e, node in enumerate(entered):
        rows = [i for i, other in enumerate(entered) if other == node]
        share = softmax(beta[rows])[rows.index(e)]
        p, q = softmax(alpha[e] / temperature), softmax(gamma[e] / temperature)
        for o in range(alpha.shape[1]):
            for a in range(gamma.shape[1]):
                out[e, o, a] = share * p[o] * q[a]
    return out


def mixed(x, operations, activations, weights):
    """sum over all pairs of weight * activation(operation(x)); weights: `operations x activations`."""
    total = 0.0
    for o, operation in enumerate(operations):
        for a, activation in enumerate(activations):
            total = total + weights[o, a] * activation(operation(x))
    return total


ACTIVATIONS = {
    "identity": lambda x: x,
    "relu": lambda x: x.clamp(min=0),
    "relu6": lambda x: x.clamp(min=0, max=6),
    "swish": lambda x: x / (1 + (-x).exp()),
}


def size(nodes, operations, activations):
    """Architectures of one cell: 2 of the states before each node, and a pair on each."""
    total = 1
    for node in range(2, 2 + nodes):
        total *= node * (node - 1) // 2 * (operations * activations) ** 2
    return total
