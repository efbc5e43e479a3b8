"""Langevin dynamics by stochastic gradients (Welling & Teh 2011, eq. 4), in NumPy float64."""

import numpy as np


def step(w, slope, decay, lr, images, temperature, drawn):
    """w - e / 2 grad U + N(0, e * temperature), U = images (loss + decay / 2 w^2), e = 2 lr / images."""
    e = 2 * lr / images
    return w - e / 2 * images * (slope + decay * w) + np.sqrt(e * temperature) * drawn
