"""What observers report, in NumPy and plain Python, and when the published rules stop."""

import math

import numpy as np


def entropy(rows):
    """Mean over rows of the entropy over its largest value; rows of one entry do not count."""
    found = []
    for row in rows:
        if len(row) > 1:
            p = [v / sum(row) for v in row]
            found.append(-sum(v * math.log(v) for v in p if v) / math.log(len(row)))
    return sum(found) / len(found) if found else 0.0


def stable(orders):
    """For how many ends of epochs in a row the last order was the same as the one before."""
    count = 0
    while count + 1 < len(orders) and orders[-1 - count] == orders[-2 - count]:
        count += 1
    return count


def angle(a, b):
    """In degrees."""
    return math.degrees(math.acos(a @ b / np.sqrt((a @ a) * (b @ b))))


def quartic(matrix, a):
    """Largest eigenvalue of the second derivative of ``a'Ma / 2 + sum a^4``."""
    return np.linalg.eigvalsh(matrix + np.diag(12 * a**2))[-1]


def goes_back(values, epochs, window=5, delta=4, factor=1.3, start=10):
    """First epoch, from 0, in which a search of so many epochs stops, and the epoch it goes back to."""
    half = window // 2
    for epoch in range(epochs):
        centre = epoch - half
        before = centre - delta
        if before - half >= 0 and before >= start:
            now = sum(values[centre - half : centre + half + 1]) / window
            then = sum(values[before - half : before + half + 1]) / window
            if now / then > factor:
                return epoch, before
    return None
