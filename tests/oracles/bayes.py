"""BayesNAS from its equations, in NumPy: the penalty, and the closed-form update of the priors."""

import numpy as np


def penalty(switches, omegas, weights):
    """sum over the kinds of switches of weight * sum omega |s|."""
    return sum(w * np.sum(o * np.abs(s)) for s, o, w in zip(switches, omegas, weights, strict=True))


def prior(s, gamma, curvature, weight):
    """omega and gamma of one switch on its own."""
    if curvature == 0.0:
        return 0.0, 0.0
    c = 1.0 / (1.0 / gamma + curvature / weight)
    omega = np.sqrt(abs(1.0 / gamma - c / gamma**2))
    return omega, abs(s) / omega


def priors(choice, options, weights):
    """Those of one choice and of its options; each switch is (s, gamma, curvature)."""
    above = prior(*choice, weights[0])
    below = []
    for switch in options:
        omega, gamma = prior(*switch, weights[1])
        both = 0.0 if gamma == 0.0 or above[1] == 0.0 else 1.0 / (1.0 / gamma + 1.0 / above[1])
        below.append((omega, both))
    return above, below


def probed(hessian, signs):
    """The mean of v * Hv over the rows v of ``signs``."""
    return np.mean([v * (hessian @ v) for v in signs], axis=0)
