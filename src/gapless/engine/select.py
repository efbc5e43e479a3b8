"""Selections: from a trained super-network to one architecture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gapless.core import Arch, Space
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.engine.run import Run
from gapless.evaluate.cost import Check, Limits
from gapless.evaluate.inherited import Inherited
from gapless.explore.contract import Explorer
from gapless.explore.limited import Limited
from gapless.parts.contract import Discretization
from gapless.parts.mask.strongest import Strongest
from gapless.spaces.contract import Chained


@dataclass(frozen=True)
class Discretize:
    """Reads the architecture off the gate values."""

    rule: Discretization = field(default_factory=Strongest)
    evaluations: int = 0

    def step(self, run: Run) -> None:
        """Nothing is evaluated."""

    def arch(self, run: Run) -> Arch | None:
        return self.rule(run.choices, run.gates())

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the selection 'discretize' reads gate values, but the last stage has no relaxation"


@dataclass(frozen=True)
class Explore:
    """Scores sub-networks with inherited weights and keeps the most accurate on the validation split.

    Args:
        explorer: who proposes them.
        evaluations: how many are scored.
        evaluator: how.
        together: how many are asked for and scored in one step at most, where the space is a chain: what
            they share is computed once. Elsewhere a step scores one. A run is saved between steps.
        limits: what an architecture may cost; those that cost more are never scored.

    Raises:
        BadValue: fewer than one together.
    """

    explorer: Explorer
    evaluations: int
    evaluator: Inherited = field(default_factory=Inherited)
    together: int = 50
    limits: Limits | None = None

    def __post_init__(self) -> None:
        if self.together < 1:
            raise BadValue(
                expected="at least 1 architecture scored together",
                got=f"{self.together}",
                do="raise together",
            )

    def step(self, run: Run) -> None:
        """What is proposed depends on the records alone, and a record on its architecture alone."""
        done = len(run.history)
        rng = run.streams_of_run.generator("explore", done)
        n = min(self.together, self.evaluations - done) if isinstance(run.net, Chained) else 1
        explorer = within(self.explorer, self.limits, run)
        archs = explorer.ask(tuple(run.history), run.choices, rng, n)
        run.history += scored(run, self.evaluator, archs)

    def arch(self, run: Run) -> Arch | None:
        """The most accurate so far; the one with fewer MACs of two equally accurate ones."""
        return best(run.history).arch if run.history else None


def scored(
    run: Run, evaluator: Inherited, archs: Sequence[Arch], progress: Callable[[float], None] | None = None
) -> list[Record]:
    """Records of sub-networks of a run, see `Inherited.scores`; all by statistics over the same images."""
    streams = run.streams_of_run.child("recalibrate")
    return evaluator.scores(run.space, run.net, archs, run.net_shape, run.data, run.device, streams, progress)


def within(explorer: Explorer, limits: Limits | None, run: Run) -> Explorer:
    """The explorer that proposes only what keeps to the limits, as a network for use."""
    return explorer if limits is None else Limited(explorer, permission(limits, run))


def permission(limits: Limits, run: Run) -> Check:
    """Whether an architecture, as a network for use, keeps to limits; the run remembers the answers."""
    allowed = limits.check(run.space, lambda: run.use.image, run.device)
    return replace(allowed, answers=run.allowed)


def best(history: list[Record]) -> Record:
    return max(history, key=lambda r: (r.metrics["accuracy"], -r.cost.get("macs", 0.0)))
