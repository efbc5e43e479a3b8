"""Predictors, acquisitions and searches that learn, written from the equations with loops and inverses."""

import math
from statistics import NormalDist

import numpy as np

NORMAL = NormalDist()


def ridge(x, y, penalty):
    """w, b of min |y - X w - b|^2 + penalty |w|^2, from the normal equations of (w, b)."""
    n, d = x.shape
    wide = np.concatenate((x, np.ones((n, 1))), axis=1)
    solved = np.linalg.inv(wide.T @ wide + penalty * np.diag([1.0] * d + [0.0])) @ wide.T @ y
    return solved[:d], solved[d]


def process(x, y, at, scale, noise):
    """Mean and standard deviation of a Gaussian process around the mean of y, of the likeliest variance."""

    def kernel(a, b):
        return np.array([[math.exp(-sum((p - q) ** 2) / (2 * scale)) for q in b] for p in a])

    level = y.mean()
    inverse = np.linalg.inv(kernel(x, x) + noise * np.eye(len(y)))
    variance = (y - level) @ inverse @ (y - level) / len(y)
    across = kernel(at, x)
    mean = level + across @ inverse @ (y - level)
    spread = [math.sqrt(variance * (1 - row @ inverse @ row)) for row in across]
    return mean, np.array(spread)


def log_evidence(x, y, scale, noise):
    """log N(y - mean | 0, variance (K + noise I)) with the likeliest variance."""
    n = len(y)
    apart = ((x[:, None] - x[None]) ** 2).sum(2)
    matrix = np.exp(-apart / (2 * scale)) + noise * np.eye(n)
    centered = y - y.mean()
    variance = centered @ np.linalg.inv(matrix) @ centered / n
    return -0.5 * (n * math.log(2 * math.pi) + n + np.linalg.slogdet(variance * matrix)[1])


def normal_scores(y):
    """Phi^-1((r - 1/2) / n), r the mean of the ranks that equal values share."""
    ranks = [sum(b < a for b in y) + (sum(b == a for b in y) + 1) / 2 for a in y]
    return np.array([NORMAL.inv_cdf((r - 0.5) / len(y)) for r in ranks])


def tau_b(a, b):
    """(concordant - discordant) / sqrt(pairs unequal in a * pairs unequal in b)."""
    pairs = [(i, j) for i in range(len(a)) for j in range(i)]
    sign = [(np.sign(a[i] - a[j]), np.sign(b[i] - b[j])) for i, j in pairs]
    in_a, in_b = sum(s != 0 for s, _ in sign), sum(t != 0 for _, t in sign)
    return sum(s * t for s, t in sign) / math.sqrt(in_a * in_b)


def pair_gradient(w, x, y, c):
    """Gradient of |w|^2 / 2 + c * mean over unequal pairs of log(1 + exp(-w (x_better - x_worse)))."""
    total, count = np.zeros_like(w), 0
    for i in range(len(y)):
        for j in range(len(y)):
            if y[i] > y[j]:
                apart = x[i] - x[j]
                total -= apart / (1 + math.exp(w @ apart))
                count += 1
    return w + c * total / count


def improvement(mean, spread, highest):
    """Integral of max(0, f - highest) over N(mean, spread^2), by the trapezoidal rule."""
    f = np.linspace(max(highest, mean - 12 * spread), max(highest, mean + 12 * spread), 200_001)
    density = np.exp(-0.5 * ((f - mean) / spread) ** 2) / (spread * math.sqrt(2 * math.pi))
    values = (f - highest) * density
    return float(((values[1:] + values[:-1]) / 2 * np.diff(f)).sum())


def uct(mean, visits, parent, c):
    return math.inf if visits == 0 else mean + 2 * c * math.sqrt(2 * math.log(parent) / visits)


def regions(x, y, height, penalty):
    """Rows of each leaf of the tree, best region first."""

    def split(rows, left):
        if left == 0 or len(rows) < 2:
            return [rows]
        w, b = ridge(x[rows], y[rows], penalty)
        predicted = [x[i] @ w + b for i in rows]
        cut = sum(predicted) / len(rows)
        good = [i for i, p in zip(rows, predicted, strict=True) if p >= cut]
        bad = [i for i, p in zip(rows, predicted, strict=True) if p < cut]
        return [rows] if not good or not bad else split(good, left - 1) + split(bad, left - 1)

    return split(list(range(len(y))), height)


def graph_layer(links, state, onward, backward):
    """relu(N(A) V W+) / 2 + relu(N(A^T) V W-) / 2 of one graph; weights are pairs (matrix, bias)."""

    def half(adjacency, weights):
        linked = adjacency + np.eye(len(adjacency))
        out = np.zeros((len(state), weights[0].shape[1]))
        for i, row in enumerate(linked):
            for j, link in enumerate(row):
                out[i] += link / row.sum() * (state[j] @ weights[0] + weights[1])
        return np.maximum(out, 0) / 2

    return half(links, onward) + half(links.T, backward)


def chances(m, temperature):
    """exp(m_i / T) / sum_j exp(m_j / T)."""
    total = sum(math.exp(v / temperature) for v in m)
    return np.array([math.exp(v / temperature) / total for v in m])
