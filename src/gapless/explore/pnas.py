"""PNAS: one choice after the other is decided, and a predictor says which beginnings are tried.

Liu et al. 2018 (progressive neural architecture search), algorithm 1; no search code was released.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from gapless.core import Arch, Choice, Space
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.evaluate.predictor.contract import Predictor, features
from gapless.explore.contract import check_count
from gapless.explore.learned import best, made, model_of, within
from gapless.explore.random import filled

Rest = Literal["random", "first"]


@dataclass(frozen=True)
class Pnas:
    """Levels of ``beam`` records; level b tries what the first b choices of a space may be.

    Level 1 tries the options of the first choice. At every later one the beginnings that the last level tried
    are expanded by every way to decide the next choice, a predictor fitted to the normal scores of all
    records ranks them, and the first ``beam`` are scored. After the last choice it begins again at the first,
    with all that was learnt.

    In published searches a cell of b blocks is a network of its own. A space here has all its choices always:
    what is not decided yet is ``random``, drawn for each beginning that is ranked, or the ``first`` option of
    every choice, which is a smaller network in a space whose first option is the identity, such as ``chain``.

    Deviation: the above; only the best half of a level is expanded; at most ``expanded`` ways, drawn at
    random where there are more; a predictor of our choice, where theirs are five LSTMs (predictor ``lstm``);
    beam 10 where theirs is 256.

    Args:
        beam: records of a level (K).
        predictor: or its name.
        expanded: beginnings that are ranked.
        rest: what is not decided yet.
        objective: what is maximised.

    Raises:
        BadValue: counts below 1, or an unknown rest.
        UnknownName: no predictor of that name.
    """

    beam: int = 10
    predictor: Predictor | str = "linear"
    expanded: int = 100
    rest: Rest = "random"
    objective: str = "accuracy"

    def __post_init__(self) -> None:
        made(self.predictor)
        if min(self.beam, self.expanded) < 1 or self.rest not in get_args(Rest):
            raise BadValue(
                expected=f"beam and expanded >= 1, rest one of {', '.join(get_args(Rest))}",
                got=f"{self.beam}, {self.expanded} and '{self.rest}'",
                do="correct them",
            )

    def ask(self, history: Sequence[Record], space: Space, rng: np.random.Generator, n: int) -> list[Arch]:
        """See `gapless.explore.contract.Explorer.ask`."""
        check_count(n)
        whole, place = divmod(len(history), self.beam)
        level = whole % max(1, len(space.choices))
        last = within(history[(whole - 1) * self.beam : whole * self.beam], space) if level else []
        beginnings = best(last, max(1, self.beam // 2), self.objective)
        seen = {record.arch for record in history}
        begins = space.choices and (level == 0 or beginnings)
        tried = self._expanded(beginnings, level, seen, space, rng) if begins else []
        ranked = self._ranked(tried, within(history, space), space)

        def next_(place: int, seen: Set[Arch]) -> Arch | None:
            return ranked[place] if place < len(ranked) else None

        return filled(min(n, self.beam - place), next_, history, space, rng)

    def _expanded(
        self, beginnings: Sequence[Arch], level: int, seen: Set[Arch], space: Space, rng: np.random.Generator
    ) -> list[Arch]:
        """New architectures of one more decided choice, each with something for what is undecided."""
        choice, own = space.choices[level], space.choices[level].size()
        total = own * max(1, len(beginnings))
        if total >= 1 << 62:
            raise BadValue(
                expected=f"fewer than 2^62 ways to decide choice '{choice.name}'",
                got=f"{own}",
                do="write it as several choices",
            )
        # A number stands for a beginning and a way to decide the choice.
        numbers = range(total) if total <= self.expanded else rng.integers(total, size=self.expanded)
        found: dict[Arch, None] = {}
        for number in numbers:
            which, way = divmod(int(number), own)
            decided = beginnings[which].picks if beginnings else ()
            found[self._completed(dict(decided), choice, way, level, space, rng)] = None
        return [arch for arch in found if arch not in seen]

    def _completed(
        self, decided: dict[str, tuple[tuple[str, Arch], ...]], choice: Choice, way: int, level: int,
        space: Space, rng: np.random.Generator,
    ) -> Arch:  # fmt: skip
        earlier = [(c.name, decided[c.name]) for c in space.choices[:level]]
        later = Space(space.choices[level + 1 :])
        rest = later.at(0) if self.rest == "first" else later.sample(rng)
        return Arch((*earlier, *Space((choice,)).at(way).picks, *rest.picks))

    def _ranked(self, tried: Sequence[Arch], known: Sequence[Record], space: Space) -> list[Arch]:
        if not tried or len(known) < 2:
            return list(tried)
        predictor = made(self.predictor)
        model, _ = model_of(predictor, known, space, self.objective)
        predicted = model.predict(features(predictor, space, tried))
        return [tried[int(i)] for i in np.argsort(-predicted, kind="stable")]
