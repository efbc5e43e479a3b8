"""Edge normalisation from its equation (Xu et al. 2020, section 3.3), in NumPy float64.

Node j is ``sum_i softmax(beta)_i f_i(x_i)`` over the edges i that enter it, and f_i the mixed operation
``sum_o softmax(alpha_i)_o o(x)``: each operation is multiplied by the product of the two.
"""

import numpy as np


def softmax(values):
    powers = np.exp(values - values.max())
    return powers / powers.sum()


def shares(beta, entered):
    """beta: one number a row; entered: the node that each row enters. Softmax among the rows of a node."""
    out = np.zeros(len(beta))
    for node in set(entered):
        rows = [i for i, other in enumerate(entered) if other == node]
        out[rows] = softmax(beta[rows])
    return out


def operations(alpha, mask, temperature):
    out = np.zeros_like(alpha)
    for row, has in enumerate(mask):
        out[row, has] = softmax(alpha[row, has] / temperature)
    return out


def gates(alpha, beta, entered, mask, temperature=1.0):
    """`rows x options`; zero where a row has no such option."""
    return shares(beta, entered)[:, None] * operations(alpha, mask, temperature)


def slopes(alpha, beta, entered, mask, upstream, temperature=1.0):
    """d sum(upstream * gates) by alpha and by beta, from the derivatives of the two softmaxes."""
    s, p = shares(beta, entered), operations(alpha, mask, temperature)
    mean = (upstream * p).sum(1)
    by_alpha = s[:, None] * p * (upstream - mean[:, None]) / temperature
    by_beta = np.zeros(len(beta))
    for row, node in enumerate(entered):
        rows = [i for i, other in enumerate(entered) if other == node]
        by_beta[row] = s[row] * (mean[row] - (s[rows] * mean[rows]).sum())
    return by_alpha, by_beta
