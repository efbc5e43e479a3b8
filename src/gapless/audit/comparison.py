"""Several searches side by side: variants over seeds, and every two of them against each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from operator import attrgetter
from statistics import fmean, stdev
from typing import Any

from gapless.audit.ablation import mean
from gapless.audit.noise import ALPHA, flipped, seeds_needed
from gapless.audit.rank_tests import DIGITS, holm, rank_sum, signed_rank
from gapless.core import Arch
from gapless.core.interval import wilson

PAIRED = "exact Wilcoxon signed-rank test, paired by seed"
APART = "exact Wilcoxon-Mann-Whitney test, no pairs"
BySeed = Mapping[int, float]


@dataclass(frozen=True)
class Search:
    """What is compared of one search.

    Args:
        variant: what was searched with; searches of a variant differ in their seed alone.
        data: what it was judged on; variants on different data are not set against each other.
        measures: one number each, by name.
        arch: what it found; None where that is not known.
        test: accuracy of what it found, trained alone.
        random: accuracies of random architectures, trained alike.
        free: whether every operation of what it found has no parameters; None where that is not known.
    """

    variant: str
    seed: int
    data: str
    measures: Mapping[str, float]
    arch: Arch | None = None
    test: float | None = None
    random: Sequence[float] = ()
    free: bool | None = None

    @property
    def below_mean(self) -> bool | None:
        """Whether the found architecture is worse than random ones are on average."""
        return self.test < fmean(self.random) if self.test is not None and self.random else None

    @property
    def below_worst(self) -> bool | None:
        """Whether it is worse than the worst random one."""
        return self.test < min(self.random) if self.test is not None and self.random else None

    @property
    def collapsed(self) -> bool | None:
        """Worse than the worst random architecture, or without parameters in any operation."""
        if self.below_worst or self.free:
            return True
        return None if self.below_worst is None or self.free is None else False


COLLAPSE: Mapping[str, Callable[[Search], bool | None]] = {
    "collapsed": attrgetter("collapsed"),
    "below the worst random one": attrgetter("below_worst"),
    "below the mean random one": attrgetter("below_mean"),
    "without parameters": attrgetter("free"),
}


def comparison(searches: Sequence[Search]) -> dict[str, Any]:
    """One JSON value; variants and measures are in the order in which they first come.

    Returns:
        ``searches``; ``variants``, each with ``variant``, ``data``, ``seeds``, ``measures`` (`mean` and
        ``sd`` over seeds), ``found`` (how alike the architectures are) and ``collapse``; ``pairs``, each
        with ``a``, ``b`` and ``measures`` as `contrast` gives them, the p-values of a measure ``adjusted``
        for the number of pairs by Holm's method; ``apart``, the pairs that were judged on different data.
    """
    groups: dict[str, list[Search]] = {}
    for search in searches:
        groups.setdefault(search.variant, []).append(search)
    names = list(dict.fromkeys(name for search in searches for name in search.measures))
    every = list(combinations(groups, 2))
    alike = [(a, b) for a, b in every if groups[a][0].data == groups[b][0].data]
    pairs: list[dict[str, Any]] = [{"a": a, "b": b, "measures": {}} for a, b in alike]
    for name in names:
        sides = [(_by_seed(groups[a], name), _by_seed(groups[b], name)) for a, b in alike]
        tests = sum(all(both) for both in sides)
        rows = [contrast(*both, tests) if all(both) else None for both in sides]
        raised = iter(holm([row["p"] for row in rows if row]))
        for pair, row in zip(pairs, rows, strict=True):
            if row:
                pair["measures"][name] = {**row, "adjusted": next(raised)}
    apart = [
        {"a": a, "b": b, "data": [groups[a][0].data, groups[b][0].data]}
        for a, b in every
        if (a, b) not in alike
    ]
    variants = [_variant(name, group, names) for name, group in groups.items()]
    return {"searches": len(searches), "variants": variants, "pairs": pairs, "apart": apart}


def contrast(a: BySeed, b: BySeed, tests: int = 1) -> dict[str, Any]:
    """How much more ``b`` has than ``a``; neither is empty.

    With two common seeds or more the differences are taken seed by seed, the same seed being the same split,
    batches and first weights as far as the variants leave them; otherwise all seeds of the one side stand
    against all of the other. Intervals are Student's t at 95 %, without pairs with Welch's degrees of
    freedom.

    Args:
        tests: pairs of variants that a claim is made about at once; its level is shared among them.

    Returns:
        ``difference``; ``p``, two-sided, and ``test``; ``least``, the smallest p that so few seeds can
        give; ``flips``, the probability that one seed of each, drawn independently, has the opposite order
        (normal approximation), and ``flipped``, how often two disagreed (`gapless.audit.noise.flipped`);
        ``seeds needed`` of each variant for a claim, and ``common seeds needed`` where they are paired
        (power 0.8, level 0.05 over all tests). None where too few seeds were searched with to say.
    """
    common = sorted(set(a) & set(b))
    left, right = list(a.values()), list(b.values())
    paired = len(common) > 1
    found: dict[str, Any] = {"paired": paired, "seeds": [len(a), len(b)], "common seeds": len(common)}
    if paired:
        steps = [b[seed] - a[seed] for seed in common]
        found |= {"difference": mean(steps), "p": signed_rank(steps), "test": PAIRED}
        found["least"] = 2.0 ** (1 - len(steps))
    else:
        steps = []
        found |= {"difference": welch(left, right), "p": rank_sum(left, right), "test": APART}
        found["least"] = min(1.0, 2 / math.comb(len(a) + len(b), len(a)))
    size, level = round(found["difference"]["mean"], DIGITS), ALPHA / tests
    known = len(left) > 1 and len(right) > 1
    spread = math.hypot(stdev(left), stdev(right)) if known else None
    return found | {
        "flips": None if spread is None else _wrong(size, spread),
        "flipped": flipped([left, right]) if known else None,
        "seeds needed": None if spread is None else seeds_needed(size, spread / math.sqrt(2), level=level),
        "common seeds needed": seeds_needed(size, stdev(steps) / math.sqrt(2), True, level)
        if steps
        else None,
    }


def welch(a: Sequence[float], b: Sequence[float]) -> dict[str, Any]:
    """``mean`` of ``b`` less that of ``a`` and its 95 % interval by Welch's t; none from a single value."""
    from scipy.special import stdtrit

    size, n = fmean(b) - fmean(a), [len(a), len(b)]
    if min(n) < 2:
        return {"mean": size, "low": None, "high": None, "n": min(n)}
    parts = [stdev(a) ** 2 / n[0], stdev(b) ** 2 / n[1]]
    if not sum(parts):
        return {"mean": size, "low": size, "high": size, "n": min(n)}
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (n[0] - 1) + parts[1] ** 2 / (n[1] - 1))
    reach = float(stdtrit(freedom, 0.975)) * math.sqrt(sum(parts))
    return {"mean": size, "low": size - reach, "high": size + reach, "n": min(n)}


def distance(a: Arch, b: Arch) -> int:
    """Picks that must be replaced to make one architecture of the other, inner picks counted too.

    The larger of the two numbers of picks that only one side has; a metric. In a chain of layers it is the
    number of layers that differ; in a DARTS cell an operation counts 1, an edge with its operation 2.
    """
    left, right = picks(a), picks(b)
    return max(len(left - right), len(right - left))


def picks(arch: Arch, prefix: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """Every picked option with the path to it: choice, option, choice, option, ..."""
    found: set[tuple[str, ...]] = set()
    for choice in arch:
        for option, inner in arch[choice].items():
            path = (*prefix, choice, option)
            found |= {path} | picks(inner, path)
    return found


def _variant(name: str, group: Sequence[Search], names: Sequence[str]) -> dict[str, Any]:
    measures = {}
    for measure in names:
        values = list(_by_seed(group, measure).values())
        if values:
            measures[measure] = {**mean(values), "sd": stdev(values) if len(values) > 1 else None}
    return {
        "variant": name, "data": group[0].data, "seeds": sorted(search.seed for search in group),
        "measures": measures, "found": _alike([search.arch for search in group if search.arch is not None]),
        "collapse": {title: _share([read(search) for search in group]) for title, read in COLLAPSE.items()},
    }  # fmt: skip


def _alike(archs: Sequence[Arch]) -> dict[str, Any]:
    """Number of architectures and of distinct ones, and the mean `distance` of two of them, in picks and as a
    share of all picks."""
    pairs = [(distance(a, b), max(len(picks(a)), len(picks(b)))) for a, b in combinations(archs, 2)]
    return {
        "archs": len(archs), "distinct": len({arch.key for arch in archs}),
        "distance": fmean(far for far, _ in pairs) if pairs else None,
        "share": fmean(far / most if most else 0.0 for far, most in pairs) if pairs else None,
    }  # fmt: skip


def _share(flags: Sequence[bool | None]) -> dict[str, Any]:
    """Of how many searches something is true, among those of which it is known; Wilson's interval."""
    known = [flag for flag in flags if flag is not None]
    n, count = len(known), sum(known)
    low, high = wilson(count / n, n) if n else (None, None)
    return {"count": count, "n": n, "share": count / n if n else None, "low": low, "high": high}


def _by_seed(group: Sequence[Search], name: str) -> dict[int, float]:
    return {search.seed: search.measures[name] for search in group if name in search.measures}


def _wrong(difference: float, spread: float) -> float:
    """Probability that a normal number has another sign than its mean."""
    from scipy.special import ndtr

    if not difference:
        return 0.5
    return float(ndtr(-abs(difference) / spread)) if spread else 0.0
