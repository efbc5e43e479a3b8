"""Whether one way of scoring ranks architectures as another does.

Kendall's tau-b and Spearman's rho; the same with the effect of cost taken out; and what it costs to trust
the scores: the regret of the best of the top k, and how many of the top k are truly there. Of equal scores
any may come first: what is said is the mean over all orders of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Any

import numpy as np

from gapless.audit.resampling import Estimate, Numbers, estimate

TOP = (1, 5, 10)
EXACT, DEALS = 7, 2000


def tau(a: Numbers, b: Numbers) -> float:
    """Kendall's tau-b of two rankings `n`; not a number where one of them is constant.

    Kendall 1945: (concordant - discordant) / sqrt((pairs - ties in a) (pairs - ties in b)).
    """
    up, down = (np.sign(np.subtract.outer(x, x))[np.triu_indices(len(x), 1)] for x in (a, b))
    return float((up * down).sum() / np.sqrt((up * up).sum() * (down * down).sum()))


def spearman(a: Numbers, b: Numbers) -> float:
    """Spearman's rho of two rankings `n`: the correlation of ranks, mean ranks where there are ties."""
    from scipy.stats import rankdata

    x, y = rankdata(a), rankdata(b)
    x, y = x - x.mean(), y - y.mean()
    return float((x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum()))


def partial_tau(a: Numbers, b: Numbers, *given: Numbers) -> float:
    """Tau-b of ``a`` and ``b`` with the effect of the given columns `n` taken out, one after the other.

    Kendall 1942: (t_ab - t_ac t_bc) / sqrt((1 - t_ac^2) (1 - t_bc^2)), and for further columns the same of
    partial ones. Not a number where a given column determines a ranking. A column that is constant, or
    ranks as an earlier one does, takes nothing out.
    """
    if not given:
        return tau(a, b)
    last, rest = given[-1], given[:-1]
    if not np.ptp(last) or any(np.ptp(one) and abs(tau(last, one)) > 1 - 1e-12 for one in rest):
        return partial_tau(a, b, *rest)
    ab, ac, bc = partial_tau(a, b, *rest), partial_tau(a, last, *rest), partial_tau(b, last, *rest)
    left = (1 - ac * ac) * (1 - bc * bc)
    return (ab - ac * bc) / math.sqrt(left) if left > 1e-12 else math.nan


def regret(scores: Numbers, truths: Numbers, k: int) -> float:
    """The best truth of all `n` less the best truth among the k of best score."""
    last = np.sort(scores)[-k]
    sure, tied = truths[scores > last], np.sort(truths[scores == last])[::-1]
    left, floor = k - len(sure), sure.max(initial=-np.inf)
    ways = math.comb(len(tied), left)
    chances = [math.comb(len(tied) - i, left - 1) / ways for i in range(1, len(tied) + 1)]
    return float(truths.max() - np.maximum(tied, floor) @ np.array(chances))


def precision(scores: Numbers, truths: Numbers, k: int) -> float:
    """Share of the k of best score that are among the k of best truth."""
    return float(_inside(scores, k) @ _inside(truths, k)) / k


def _inside(values: Numbers, k: int) -> Numbers:
    """Probability of each to be among the k best."""
    last = np.sort(values)[-k]
    sure, tied = values > last, values == last
    return np.asarray(sure + tied * (k - sure.sum()) / tied.sum(), dtype=np.float64)


def top_tau(scores: Numbers, truths: Numbers, share: float = 0.1) -> float:
    """Tau-b within the architectures of best truth, the given share of all `n`, those as good as the last of
    them included; at least 2."""
    best = truths >= np.sort(truths)[-max(2, round(share * len(truths)))]
    return tau(scores[best], truths[best])


def chance(scores: Numbers, truths: Numbers, seed: int = 0) -> float | None:
    """Probability of a tau-b as far from 0 or farther, were scores dealt to architectures at random.

    Exact over all orders of up to 7 architectures, else over `DEALS` drawn ones, the one at hand counted
    among them (Phipson & Smyth 2010). None where a ranking is constant.
    """
    n = len(scores)
    up, down = (np.sign(np.subtract.outer(x, x)) for x in (scores, truths))
    if n < 2 or not up.any() or not down.any():
        return None
    if n <= EXACT:
        orders = np.array(list(permutations(range(n))))
    else:
        orders = np.random.default_rng(seed).permuted(np.tile(np.arange(n), (DEALS, 1)), axis=1)
    there = abs((up * down).sum())
    large = sum(int(abs((up[np.ix_(order, order)] * down).sum()) >= there) for order in orders)
    return large / len(orders) if n <= EXACT else (1 + large) / (1 + DEALS)


def agreement(
    scores: Sequence[float],
    truths: Sequence[float],
    costs: Mapping[str, Sequence[float]] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """All of the above as one JSON value, correlations with bootstrap intervals over architectures.

    Regret and precision have none: the bootstrap does not cover what depends on the best alone. They are
    absent where a ranking is constant.

    Args:
        scores, truths: `n`, higher is better.
        costs: columns `n` such as ``macs`` and ``params``; tau is given partial to each and to all.
    """
    costs = costs or {}
    n = len(scores)

    def judged(statistic: Any, *more: Sequence[float]) -> dict[str, Any]:
        found: Estimate = estimate(statistic, [scores, truths, *more], seed)
        return found.to_json()

    found: dict[str, Any] = {
        "n": n, "tau": judged(tau), "spearman": judged(spearman), "top decile": judged(top_tau),
        "partial": {name: judged(partial_tau, column) for name, column in costs.items()},
        "cost alone": {
            name: estimate(tau, [column, truths], seed).to_json() for name, column in costs.items()
        },
    }  # fmt: skip
    if len(costs) > 1:
        found["partial"][" and ".join(costs)] = judged(partial_tau, *costs.values())
    s, t = np.array(scores, dtype=np.float64), np.array(truths, dtype=np.float64)
    found["chance"] = chance(s, t, seed)
    tops = [k for k in TOP if k < n] if np.ptp(s) and np.ptp(t) else []
    found["regret"] = {str(k): regret(s, t, k) for k in tops}
    found["precision"] = {str(k): precision(s, t, k) for k in tops}
    return found
