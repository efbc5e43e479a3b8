"""Panel: a selection by several judges of one architecture, none of whom sees the others' mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from gapless.core import Arch, Space
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.engine.run import Run
from gapless.engine.select import best, scored, within
from gapless.evaluate.cost import Limits
from gapless.evaluate.early import Early
from gapless.evaluate.inherited import Inherited
from gapless.explore.contract import Explorer

Numbers = NDArray[np.float64]


LOWER = ("loss",)
"""Metrics of which less is better."""


def ranks(history: Sequence[Record], metric: str) -> Numbers:
    """The share of records that are worse than each, and half of those level with it, `n`."""
    values = np.array([record.metrics[metric] for record in history]) * (-1 if metric in LOWER else 1)
    found: Numbers = (rankdata(np.where(np.isnan(values), -np.inf, values)) - 0.5) / max(1, len(history))
    return found


@runtime_checkable
class Judge(Protocol):
    """A selection that has an opinion of its own of any architecture."""

    def judged(self, run: Run, archs: Sequence[Arch]) -> list[Record]: ...

    def standings(self, history: Sequence[Record]) -> Numbers: ...


def placed(
    run: Run, archs: Sequence[Arch], advance: Callable[[], None] = lambda: None
) -> tuple[list[Record], list[float]]:
    """What the run's selection, a `Judge`, thinks of architectures among all that it scored: for each its
    record, the one of the search where it was scored there, and its standing.

    Args:
        advance: called after each.
    """
    select, records = run.recipe.select, list[Record]()
    assert isinstance(select, Judge)
    known = {record.arch: record for record in run.history}
    for arch in archs:
        records += [known.pop(arch)] if arch in known else select.judged(run, [arch])
        advance()
    return records, select.standings([*records, *known.values()])[: len(records)].tolist()


@dataclass(frozen=True)
class Panel:
    """Scores architectures by shared weights, by untrained networks and by first steps of training; the best
    mean rank wins.

    Each metric orders all architectures scored so far, which gives each a rank r as a share from 0 to 1; the
    standing is their geometric mean ``exp(sum_j v_j log r_j / sum_j v_j)``, v the ``votes``; Lee & Ham 2024
    (AZ-NAS) add logarithms of ranks likewise. One bad rank costs more than one good rank gives, so that first
    steps tell good architectures apart and make no bad one good. The explorer sees standings as accuracies.
    Shared weights know which operations are worth their place, and nothing of the depth in which a network
    is used; first steps in that depth know little else, and favour what has little to learn; untrained
    networks know both a little.

    Args:
        explorer: who proposes.
        evaluations: architectures scored.
        evaluator: accuracy with shared weights, and the loss.
        early: all other metrics, in the depth of the network that will be used.
        votes: metrics and their weights.
        limits: what an architecture may cost; those that cost more are never scored.

    Raises:
        BadValue: a metric that nobody measures, or no vote above 0.
    """

    explorer: Explorer
    evaluations: int
    evaluator: Inherited = field(default_factory=Inherited)
    early: Early = field(default_factory=Early)
    votes: tuple[tuple[str, float], ...] = (
        ("loss", 1.0), ("synflow", 1.0), ("expressivity", 1.0), ("jacob-cov", 1.0), ("params", 1.0),
        ("speed", 0.7),
    )  # fmt: skip
    limits: Limits | None = None

    def __post_init__(self) -> None:
        known = ("accuracy", "loss", *self.early.metrics)
        wrong = [name for name, vote in self.votes if name not in known or not vote > 0]
        if wrong or not self.votes:
            raise BadValue(
                expected=f"votes above 0 for some of {', '.join(known)}",
                got=f"{', '.join(f'{name} {vote:g}' for name, vote in self.votes) or 'none'}",
                do="correct votes, or add the score to early.scores",
            )

    def step(self, run: Run) -> None:
        """One architecture; what is proposed depends on the records alone."""
        explorer = within(self.explorer, self.limits, run)
        rng = run.streams_of_run.generator("explore", len(run.history))
        archs = explorer.ask(self.told(run.history), run.choices, rng, 1)
        run.history += self.judged(run, archs)

    def judged(self, run: Run, archs: Sequence[Arch]) -> list[Record]:
        """Records with all metrics, by whatever the run's super-network has become."""
        streams, found = run.streams_of_run.child("early"), []
        for record in scored(run, self.evaluator, archs):
            metrics = self.early(run.space, record.arch, run.use.shape, run.data, run.device, streams)
            found.append(replace(record, metrics={**record.metrics, **metrics}, provenance="panel"))
        return found

    def standings(self, history: Sequence[Record]) -> Numbers:
        """Of each record among all, from 0 to 1, `n`; not a number ranks lowest."""
        told = (vote * np.log(ranks(history, name)) for name, vote in self.votes)
        found: Numbers = np.exp(sum(told, start=np.zeros(len(history))) / sum(vote for _, vote in self.votes))
        return found

    def told(self, history: Sequence[Record]) -> list[Record]:
        """The records as the explorer sees them: standings in the place of accuracies."""
        standings = self.standings(history).tolist()
        return [
            replace(record, metrics={**record.metrics, "accuracy": standing})
            for record, standing in zip(history, standings, strict=True)
        ]

    def arch(self, run: Run) -> Arch | None:
        """That of the best standing so far; of equal ones the one with fewer MACs."""
        return best(self.told(run.history)).arch if run.history else None

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.sample is None:
            yield "the selection 'panel' scores sub-networks by shared weights, but the stage has no sampler"
