"""Partial channels from their equation (Xu et al. 2020, eq. 2, with the shuffle of the code), in NumPy."""

import numpy as np


def pooled(x):
    """2x2 max-pooling of `n x c x h x w`; at an odd border over what is there."""
    n, c, h, w = x.shape
    out = np.empty((n, c, -(-h // 2), -(-w // 2)))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = x[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max((2, 3))
    return out


def shuffled(x, k):
    """Channels as a table of k rows, read column by column."""
    c = x.shape[1]
    return np.stack([x[:, row * (c // k) + column] for column in range(c // k) for row in range(k)], axis=1)


def edge(x, mixture, share, k, stride):
    """mixture: of the first 1/k of the channels of x. share: what the others are multiplied by."""
    past = x[:, x.shape[1] // k :]
    past = pooled(past) if stride == 2 else past
    return shuffled(np.concatenate([mixture, share * past], axis=1), k)
