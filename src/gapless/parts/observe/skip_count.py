"""Skip count: how many skips the architecture has that would be read off now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gapless.core import Space
from gapless.parts.contract import Discretization, RunView
from gapless.parts.mask.skip_limit import SKIPS, skips_of
from gapless.parts.mask.strongest import Strongest
from gapless.parts.observe.reaction import End, Reaction


@dataclass(frozen=True)
class SkipCount:
    """Column ``skips``: skips of the architecture in the first group, which is the normal cell of DARTS.

    With ``too_many`` the stage ends as soon as there are as many. Reference: Liang et al. 2019 (DARTS+),
    section 3.2, criterion 1 (2 in a normal cell).

    Args:
        too_many: the number that is too large; none is where 0.
        earliest: share of the stage before which it goes on in any case.
        skips: names of the options that are skips.
        rule: how the architecture is read off.
        react: what happens then.
    """

    too_many: int = 0
    earliest: float = 0.0
    skips: tuple[str, ...] = SKIPS
    rule: Discretization = field(default_factory=Strongest)
    react: Reaction = field(default_factory=End)

    def __call__(self, run: RunView) -> dict[str, float]:
        arch = self.rule(run.choices, run.gates())
        count = len(skips_of(arch, run.choices.groups()[0], self.skips))
        row = {"skips": float(count)}
        due = run.progress.fraction("epoch") >= self.earliest
        if self.too_many and count >= self.too_many and due and (stop := self.react(run, 0, row)) is not None:
            raise stop
        return row

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.relax is None:
            yield "the observer 'skip count' reads the strengths of a relaxation, but the stage has none"
