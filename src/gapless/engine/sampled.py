"""Sampled: architectures that the update rule proposes are scored, and the best is taken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from gapless.core import Arch, Space
from gapless.engine.run import Run
from gapless.engine.select import best, scored
from gapless.evaluate.inherited import Inherited
from gapless.parts.contract import RunView

TRIES = 20
"""Proposals for one evaluation before it is given up: all that is likely was scored."""


@runtime_checkable
class Proposes(Protocol):
    """An update rule that has learnt which architectures are good."""

    def propose(self, run: RunView, rng: np.random.Generator) -> Arch: ...


@dataclass(frozen=True)
class Sampled:
    """Scores what the last stage's update rule proposes, each architecture once, and keeps the best.

    Reference: Pham et al. 2018 (ENAS), section 2.2, deriving architectures; melodyguan/enas,
    src/cifar10/main.py (10 of them).

    Args:
        evaluations: how many are scored at most.
        evaluator: how.
    """

    evaluations: int = 10
    evaluator: Inherited = field(default_factory=Inherited)

    def step(self, run: Run) -> None:
        """One evaluation, or none where nothing new is proposed."""
        rule, known = run.stage.update, {record.arch for record in run.history}
        assert isinstance(rule, Proposes)
        rng = run.streams_of_run.generator("sampled", len(run.history))
        drawn = (rule.propose(run, rng) for _ in range(TRIES))
        arch = next((arch for arch in drawn if arch not in known), None)
        if arch is not None:
            run.history += scored(run, self.evaluator, [arch])

    def arch(self, run: Run) -> Arch | None:
        return best(run.history).arch if run.history else None

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if not isinstance(stage.update, Proposes):
            yield (
                "the selection 'sampled' scores what the update rule proposes, "
                f"but '{type(stage.update).__name__}' proposes nothing"
            )
