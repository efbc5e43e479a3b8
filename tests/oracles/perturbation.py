"""Which options and edges stay, by what accuracy is without them, in plain loops."""


def options(names, accuracy, picks=1):
    """The options whose absence hurts most; of equal ones the earlier."""
    kept = []
    for _ in range(picks):
        best = None
        for name in names:
            if name not in kept and (best is None or accuracy[name] < accuracy[best]):
                best = name
        kept.append(best)
    return kept


def edges(names, accuracy, picks):
    """One after another the edge goes that is missed least, of equal ones the later."""
    left, gone = list(names), frozenset()
    while len(left) > picks:
        worst = None
        for name in left:
            if worst is None or accuracy(gone | {name}) >= accuracy(gone | {worst}):
                worst = name
        left.remove(worst)
        gone |= {worst}
    return left
