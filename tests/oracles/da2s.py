"""DA2S from its equations (Tian et al. 2021; sunsmarterjie/DAAS), in NumPy float64, node by node."""

import math

import numpy as np


def softmax(values):
    powers = np.exp(values - values.max())
    return powers / powers.sum()


def sharpened(a):
    """Twice a; the cube of that where it is below -1."""
    return (2 * a) ** 3 if 2 * a < -1 else 2 * a


def operations(alpha, may):
    """`rows x options`: softmax over the operations that an architecture may have."""
    out = np.zeros_like(alpha)
    for row, has in enumerate(may):
        out[row, has] = softmax(np.array([sharpened(a) for a in alpha[row, has]]))
    return out


def edges(beta, entered, kept):
    """One number a row: n times the softmax of min(beta, 1) in its node; 1 where a node keeps all n."""
    out = np.ones(len(beta))
    for node in set(entered):
        rows = [i for i, other in enumerate(entered) if other == node]
        if kept[node] < len(rows):
            out[rows] = len(rows) * softmax(np.minimum(beta[rows], 1))
    return out


def gates(alpha, beta, entered, kept, may):
    return edges(beta, entered, kept)[:, None] * operations(alpha, may)


def entropy(p):
    return -sum(x * math.log(x) for x in p if x > 0)


def alpha_entropy(alpha, may):
    """The sum over all edges of the entropy of the operations."""
    return sum(entropy(row) for row in operations(alpha, may))


def beta_entropy(beta, entered, kept):
    """The sum over nodes of the entropy of the softmax of min(beta, 1); log n where all n are kept."""
    total = 0.0
    for node in set(entered):
        rows = [i for i, other in enumerate(entered) if other == node]
        total += (
            entropy(softmax(np.minimum(beta[rows], 1))) if kept[node] < len(rows) else math.log(len(rows))
        )
    return total


def live(beta, entered, kept):
    """The sum over nodes that do not keep all of (sum of positive min(beta, 1) - kept)^2."""
    total = 0.0
    for node in set(entered):
        rows = [i for i, other in enumerate(entered) if other == node]
        if kept[node] < len(rows):
            total += (sum(min(b, 1) for b in beta[rows] if b > 0) - kept[node]) ** 2
    return total


def c1(epoch, epochs=50):
    """cnn/dimension.py, linear: epochs count from 1."""
    return (epoch - 1) / (epochs - 1)


def c2(epoch, epochs=50, late=8):
    """cnn/dimension.py, log_."""
    return 0.0 if epoch < late else math.log(epoch - late + 1, epochs - late)
