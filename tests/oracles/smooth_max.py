"""Beta decay in numpy, from the equations of Ye et al. 2022."""

import numpy as np


def value(tables, weight):
    """Tables of alpha, `rows x options`, minus infinity where there is no option."""
    return weight * sum(np.log(np.exp(table).sum(1)).mean() for table in tables)


def gradient(table, weight):
    """Of `value` in one table: each row's softmax, divided by the number of rows."""
    e = np.exp(table)
    return weight * e / e.sum(1, keepdims=True) / len(table)
