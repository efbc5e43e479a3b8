"""Every: alpha moves in one step of several."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gapless.core import Space
from gapless.core.errors import BadValue
from gapless.parts.contract import Batch, Extra, RunView, Scalars, Update, objections
from gapless.parts.update.bilevel import Bilevel
from gapless.parts.update.descend import descend, mixes


@dataclass(frozen=True)
class Every:
    """In steps 0, n, 2n, ... of a stage another rule; in all others omega alone descends.

    Reference: Cai, Zhu & Han 2019 (ProxylessNAS); mit-han-lab/proxylessnas, search/imagenet_arch_search.py
    (n = 5).

    Args:
        n: steps from one move of alpha to the next.
        rule: which rule.

    Raises:
        BadValue: n is below 1.
    """

    n: int = 5
    rule: Update = field(default_factory=Bilevel)

    def __post_init__(self) -> None:
        if self.n < 1:
            raise BadValue(
                expected="an update rule every n steps, n at least 1", got=f"{self.n}", do="raise n"
            )

    def init(self, run: RunView) -> Extra:
        return self.rule.init(run)

    def step(self, run: RunView, train: Batch, val: Batch) -> Scalars:
        if run.progress.step % self.n == 0:
            return self.rule.step(run, train, val)
        return descend(run, mixes(run), train)

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        return objections(self.rule, recipe, stage, choices)
