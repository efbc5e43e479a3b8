"""Evolution without a model, from the papers' words, over lists of values; higher is better."""


def aging_parent(values, population, sample):
    """Probability that each of all scored is the parent: the best of `sample` of the last `population`."""
    first = len(values) - population
    chances = [0.0] * first
    for value in values[first:]:
        below = sum(other < value for other in values[first:]) / population
        upto = sum(other <= value for other in values[first:]) / population
        chances.append(upto**sample - below**sample)
    return chances


def tournaments(values, population, size, deaths, draw):
    """Alive at the end, and (best, worst) of each draw; draw(alive, place) gives those drawn."""
    alive, met = list(range(population)), []
    for place in range(population, len(values)):
        drawn = draw(alive, place)
        best = max(drawn, key=lambda i: values[i])
        worst = min(reversed(drawn), key=lambda i: values[i])
        met.append((best, worst))
        if deaths:
            alive.remove(worst)
        alive.append(place)
    return alive, met


def roulette(values):
    """Russian roulette of Genetic CNN."""
    total = sum(value - min(values) for value in values)
    if total == 0:
        return [1 / len(values)] * len(values)
    return [(value - min(values)) / total for value in values]


def climb(scored, near, starts, first):
    """Where a climb over [(point, value), ...], scored one at a time, is; None before it begins."""
    value, at, begun = {}, None, []
    for point, score in scored:
        value[point] = score
        if at is None:
            begun.append(point)
            if len(begun) < starts:
                continue
            at = max(begun, key=value.get)
        while True:
            known = [p for p in near(at) if p in value]
            better = [p for p in known if value[p] > value[at]]
            whole = len(known) == len(near(at))
            if better and (first or whole):
                at = max(better, key=value.get)
            elif whole:
                at, begun = None, []
                break
            else:
                break
    return at
