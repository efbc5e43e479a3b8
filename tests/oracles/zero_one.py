"""The zero-one loss from its equation, in plain Python."""


def zero_one(tables, may, weight, power):
    """-weight * mean over all entries that an architecture may have of |z - 1/2|^power."""
    apart = [
        abs(z - 0.5) ** power
        for table, allowed in zip(tables, may, strict=True)
        for row, flags in zip(table, allowed, strict=True)
        for z, flag in zip(row, flags, strict=True)
        if flag
    ]
    return -weight * sum(apart) / len(apart)
