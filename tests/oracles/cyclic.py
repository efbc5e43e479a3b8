"""Two networks that learn from each other, from the equations, in NumPy."""

import numpy as np


def softmax(z):
    powers = np.exp(z - z.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def cross_entropy(z, y):
    """Mean over the images, and its slope."""
    p, n = softmax(z), len(y)
    return -np.log(p[np.arange(n), y]).mean(), (p - np.eye(z.shape[1])[y]) / n


def huber(a, b):
    """Mean over all entries of d^2 / 2 where |d| < 1, else |d| - 1/2; slopes in a and b."""
    d = a - b
    value = np.where(np.abs(d) < 1, d * d / 2, np.abs(d) - 0.5).mean()
    slope = np.clip(d, -1, 1) / d.size
    return value, slope, -slope


def soft(a, b, t):
    """Mean over all entries of q (log q - log p), p and q the softmax of a / t and b / t; slopes."""
    p, q = softmax(a / t), softmax(b / t)
    apart = np.log(q) - np.log(p)
    within = (q * apart).sum(1, keepdims=True)
    return (q * apart).mean(), (p - q) / t / a.size, q * (apart - within) / t / a.size


def joint(a, b, y, k, t, kind):
    """(CE(a) + CE(b)) / k + k t^2 D(a, b) and its slopes in a and b."""
    (one, da), (two, db) = cross_entropy(a, y), cross_entropy(b, y)
    apart, ga, gb = huber(a, b) if kind == "smooth-l1" else soft(a, b, t)
    return (one + two) / k + k * t * t * apart, da / k + k * t * t * ga, db / k + k * t * t * gb
