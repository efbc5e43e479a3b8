"""StacNAS by hand: which operations stand for a cluster, their softmax, and which survive the first stage."""

import math

LIKE = {"avg_pool_3x3": "max_pool_3x3", "sep_conv_5x5": "sep_conv_3x3", "dil_conv_5x5": "dil_conv_3x3"}


def gates(row):
    """Operation to alpha -> operation to gate."""
    stand = [o for o in row if LIKE.get(o) not in row]
    total = sum(math.exp(row[o]) for o in stand)
    return {o: math.exp(row[o]) / total if o in stand else 0.0 for o in row}


def survivors(row, absent="none"):
    """Operations of the cluster that won, and ``absent``."""
    found = gates(row)
    best = max((o for o in found if o != absent), key=found.get)
    head = LIKE.get(best, best)
    return {o for o in row if o in (absent, best, head) or LIKE.get(o) == head}
