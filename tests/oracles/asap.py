"""ASAP by hand, one edge, a mapping from operation to alpha: temperature, gates, and who survives."""

import math


def temperature(epoch, start=1.6, factor=0.95):
    for _ in range(epoch):
        start *= factor
    return start


def gates(alpha, t):
    total = sum(math.exp(a / t) for a in alpha.values())
    return {o: math.exp(a / t) / total for o, a in alpha.items()}


def survivors(alpha, t, share, absent="none"):
    """Operations that stay, never without the strongest that may stay."""
    z = gates(alpha, t)
    best = max((o for o in z if o != absent), key=z.get)
    return {o for o in z if o == best or z[o] >= share / len(z)}
