"""What holds of every explorer: run `checks` on your own.

    for check in gapless.testing.explorers.checks:
        check(MyExplorer())

`beats_random` holds of explorers that learn from the history.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from gapless.core import Arch, Choice, Space, Streams
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.explore.contract import Explorer
from gapless.explore.random import Random
from gapless.testing.require import require

_OPERATIONS = Space((Choice("op", dict.fromkeys(("a", "b", "c"))),))
NESTED = Space(
    (
        *(Choice(f"node{i}", {str(j): _OPERATIONS for j in range(i)}, pick=2) for i in (2, 3, 4)),
        *(Choice(f"layer{i}", dict.fromkeys(("a", "b", "c"))) for i in range(4)),
    )
)
SMALL = Space((Choice("op", dict.fromkeys("abcd")), Choice("two", dict.fromkeys("xyz"), pick=2)))
LONG = Space(tuple(Choice(f"layer{i}", dict.fromkeys("abcd")) for i in range(20)))

SEEDS = 20
BUDGET = 250
MARGIN = 0.05


def toy(space: Space, arch: Arch) -> Record:
    """A known optimum: accuracy is the mean weight of the picked options, macs the sum of every other weight.

    Each option has a fixed weight in [0, 1], so accuracy is separable over choices and half in conflict
    with macs.
    """
    picked = space.encode(arch)
    weights = np.linspace(0, 1, 7)[np.arange(len(picked)) * 3 % 7]
    accuracy, macs = picked @ weights / picked.sum(), picked[::2] @ weights[::2]
    return Record(
        arch, {"accuracy": float(accuracy)}, {"macs": float(macs), "parameters": float(picked[::3].sum())}
    )


def searched(
    explorer: Explorer,
    space: Space,
    budget: int,
    n: int,
    seed: int = 0,
    history: Sequence[Record] = (),
    score: Callable[[Space, Arch], Record] = toy,
) -> list[Record]:
    """Runs a search until ``budget`` records or the end of the space."""
    records, streams = list(history), Streams(seed)
    while len(records) < budget:
        rng = streams.generator("explore", len(records))
        asked = explorer.ask(tuple(records), space, rng, min(n, budget - len(records)))
        if not asked:
            break
        records += [score(space, arch) for arch in asked]
    return records


def pure(explorer: Explorer) -> None:
    """The same arguments, the same answer; the history and the explorer stay as they were."""
    history = searched(explorer, NESTED, 110, 30)
    for length in (0, 1, 60, 110):
        before, settings = copy.deepcopy(history[:length]), copy.deepcopy(explorer)
        given = list(before)
        answers = [explorer.ask(given, NESTED, np.random.default_rng(3), 7) for _ in range(2)]
        answers.append(explorer.ask(tuple(given), NESTED, np.random.default_rng(3), 7))
        require(answers[0] == answers[1] == answers[2], f"{explorer} answers the same question differently")
        require(given == before, f"{explorer} changed the history")
        require(explorer == settings, f"{explorer} changed itself")


def valid_and_new(explorer: Explorer) -> None:
    """Between 1 and n architectures of the space, distinct and not scored before."""
    for n in (1, 7, 1000):
        records: list[Record] = []
        while len(records) < 75:
            asked = explorer.ask(records, NESTED, np.random.default_rng(len(records)), n)
            require(
                1 <= len(asked) <= n, f"{explorer} gave {len(asked)} architectures where {n} were asked for"
            )
            for arch in asked:
                NESTED.check(arch)
            records += [toy(NESTED, arch) for arch in asked]
            once = len({r.arch for r in records}) == len(records)
            require(once, f"{explorer} gave one architecture twice")


def exhausts(explorer: Explorer) -> None:
    """Every architecture of a small space once, then none."""
    for n in (1, 5, 100):
        records = searched(explorer, SMALL, SMALL.size() + 1, n)
        found, size = len({r.arch for r in records}), SMALL.size()
        require(
            len(records) == found == size,
            f"{explorer} gave {found} different architectures in {len(records)} of a space of {size}",
        )
        more = explorer.ask(records, SMALL, np.random.default_rng(0), n)
        require(more == [], f"{explorer} gave {len(more)} where all were scored")


def resumes(explorer: Explorer) -> None:
    """A search started from the stored records of another ends like it, wherever a call to ask ended."""
    for n, starts in ((13, 3), (1, 1)):
        whole = searched(explorer, NESTED, 75, n)
        borders, done = [0], 0
        while done < len(whole):
            done += len(explorer.ask(whole[:done], NESTED, Streams(0).generator("explore", done), n))
            borders.append(done)
        for done in borders[-1 - starts : -1]:
            again = searched(explorer, NESTED, 75, n, history=whole[:done])
            require(again == whole, f"{explorer} does not resume after {done} records")


def refuses(explorer: Explorer) -> None:
    """Fewer than one architecture cannot be asked for."""
    try:
        explorer.ask([], NESTED, np.random.default_rng(0), 0)
    except BadValue:
        return
    raise AssertionError(f"{explorer} was asked for 0 architectures and did not refuse")


def survives_failures(explorer: Explorer) -> None:
    """Accuracies that are not finite and architectures of another space do not stop a search."""
    records = [Record(toy(NESTED, a).arch, {"accuracy": math.nan}, {"macs": math.inf, "parameters": 1.0})
               for a in (NESTED.at(i) for i in range(60))]  # fmt: skip
    records += [toy(SMALL, arch) for arch in SMALL]
    records = searched(explorer, NESTED, 140, 9, history=records)
    inside = all(record.arch in NESTED for record in records[72:])
    require(inside, f"{explorer} gave an architecture of another space")


checks: list[Callable[[Explorer], None]] = [
    pure, valid_and_new, exhausts, resumes, refuses, survives_failures,
]  # fmt: skip


def beats_random(explorer: Explorer, margin: float = MARGIN) -> None:
    """The best of 250 records, averaged over 20 seeds, exceeds that of `Random` by the margin of 0.05.

    On `LONG`, accuracy separable and costs equal, so that every objective agrees. The best of one random
    search has a standard deviation of 0.026 (over 200 seeds), hence the difference of two means one of
    0.0081: an explorer no better than random passes with probability below 1e-8. The seeds are fixed, so
    one explorer always gets the same answer.
    """
    gain = _mean_best(explorer) - _baseline()
    require(gain > margin, f"{explorer} is better than random by {gain:.3f}, expected more than {margin}")


@cache
def _baseline() -> float:
    return _mean_best(Random())


def _mean_best(explorer: Explorer) -> float:
    searches = (searched(explorer, LONG, BUDGET, 50, seed, score=_equal_cost) for seed in range(SEEDS))
    return float(np.mean([max(record.metrics["accuracy"] for record in records) for records in searches]))


def _equal_cost(space: Space, arch: Arch) -> Record:
    return replace(toy(space, arch), cost={"macs": 1.0, "parameters": 1.0})
