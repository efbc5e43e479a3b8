"""Which options of a choice stay, by what accuracy is without each alone, in plain loops."""


def staying(names, accuracy, picks):
    """Where fewer than ``picks`` are missed more: lower without them, or as low and earlier."""
    kept = []
    for i, name in enumerate(names):
        ahead = 0
        for j, other in enumerate(names):
            if accuracy[other] < accuracy[name] or (accuracy[other] == accuracy[name] and j < i):
                ahead += 1
        if ahead < picks:
            kept.append(name)
    return kept
