"""Perturbations of SmoothDARTS from their equations, in NumPy, one row after the other.

Gates are a list of tables, `rows x options`; ``there`` says which options a row has.
"""

import numpy as np


def project(table, there):
    """Clip to [0, 1] and divide by the sum; a row without anything left has its largest entry at 1."""
    out = np.zeros_like(table)
    for row in range(len(table)):
        columns = np.flatnonzero(there[row])
        values = np.minimum(np.maximum(table[row, columns], 0.0), 1.0)
        if values.sum() == 0.0:
            values[np.argmax(table[row, columns])] = 1.0
        out[row, columns] = values / values.sum()
    return out


def smoothed(tables, there, noises):
    """SDARTS-RS."""
    return [project(t + d, h) for t, d, h in zip(tables, noises, there, strict=True)]


def attacked(tables, there, noises, loss, slope, radius, steps):
    """SDARTS-ADV.

    loss: tables to a number. slope: tables to its gradients, one a table.
    """
    before = loss(tables)
    here = smoothed(tables, there, noises)
    for _ in range(steps):
        gradients = slope(here)
        for i, g in enumerate(gradients):
            up = here[i] + (2.0 * radius / steps) * np.sign(g)
            within = np.minimum(np.maximum(up, tables[i] - radius), tables[i] + radius)
            here[i] = project(within, there[i])
    return tables if before > loss(here) else here
