"""Slim: a selection that makes the dearest sub-network cheaper, one option at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gapless.core import Arch, Space, moves
from gapless.engine.run import Run
from gapless.engine.select import best, permission, scored
from gapless.evaluate.cost import Limits
from gapless.evaluate.inherited import Inherited
from gapless.explore.limited import drawn
from gapless.explore.replay import Replay, scores
from gapless.nets.cost import KINDS
from gapless.parts.contract import Gates
from gapless.parts.sample.price import dearest_inside, extreme, price
from gapless.spaces.contract import Chained

_REPLAY: Replay[tuple[Arch, tuple[Arch, ...]]] = Replay()


@dataclass(frozen=True)
class Slim:
    """Greedy slimming: of all ways to make one choice of the dearest sub-network a little cheaper the one
    that leaves it most accurate is taken, and again, until it costs what it may.

    A little cheaper is, for everything that is picked, the dearest of the options that are cheaper; see
    `cheaper` for what they hold. Without limits the way ends at the cheapest sub-network, and the most
    accurate on it is found; with limits the most accurate that keeps them. Where evaluations are spent
    before, the way goes on by what saves most, unscored; where its end does not keep limits of another kind,
    such as latency, an architecture that does is drawn. Reference: Yu & Huang 2019 (AutoSlim), section 3;
    JiahuiYu/slimmable_networks, train.py, slimming.

    Args:
        evaluations: how many sub-networks are scored at most.
        evaluator: how.
        cost: by what one is cheaper where there are no limits on it, ``macs`` or ``params`` of the
            super-network's operations.
        limits: what an architecture may cost, as a network for use; the way goes by the first of them that
            is of ``macs`` or ``params``.
    """

    evaluations: int
    evaluator: Inherited = field(default_factory=Inherited)
    cost: str = "macs"
    limits: Limits | None = None

    def step(self, run: Run) -> None:
        """Where the space is a chain all ways on from one sub-network, elsewhere one of them."""
        _, open_ = self.stand(run)
        left = self.evaluations - len(run.history)
        archs = open_[: left if isinstance(run.net, Chained) else 1]
        if archs:
            run.history += scored(run, self.evaluator, archs)

    def stand(self, run: Run) -> tuple[Arch, list[Arch]]:
        """The sub-network that was reached, and what has to be scored before it is left: none at the end."""
        costs, told = self._costs(run), scores(run.history)
        known, way = dict(told), (self, run.choices, *((n, t.tobytes()) for n, t in costs.items()))
        dearest = extreme(run.choices, costs, dearest=True)
        at, near = _REPLAY.recall(way, told) or (dearest, (dearest,))
        while near and all(arch in known for arch in near):
            at = max(near, key=known.__getitem__)
            ended = self.limits is not None and permission(self.limits, run)(at)
            near = () if ended else tuple(cheaper(run.choices, costs, at))
        _REPLAY.keep(way, told, (at, near))
        return at, [arch for arch in near if arch not in known]

    def arch(self, run: Run) -> Arch | None:
        if not run.history:
            return None
        if self.limits is None:
            return best(run.history).arch
        allowed = permission(self.limits, run)
        if kept := [record for record in run.history if allowed(record.arch)]:
            return best(kept).arch
        (at, _), costs = self.stand(run), self._costs(run)
        while near := cheaper(run.choices, costs, at):
            at = min(near, key=lambda arch: price(run.choices.active(arch), costs))
            if allowed(at):
                return at
        return drawn(allowed, run.choices, run.streams_of_run)

    def _costs(self, run: Run) -> Gates:
        limited = (kind for kind, _ in (self.limits.most if self.limits else ()) if kind in KINDS)
        return run.costs(next(limited, self.cost))

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.sample is None:
            yield "the selection 'slim' scores sub-networks by shared weights, but the stage has no sampler"
        if self.cost not in KINDS:
            yield f"the selection 'slim' counts {' or '.join(KINDS)}, not '{self.cost}'"


def cheaper(choices: Space, costs: Gates, arch: Arch) -> list[Arch]:
    """For everything that is picked the dearest way to pick something cheaper there, or nothing if it may be
    nothing. Of what a new option holds, that which the old one holds too stays; the rest is the dearest."""
    inside, found = dearest_inside(choices, costs), list[Arch]()
    now = price(choices.active(arch), costs)
    for path, picked in moves.decisions(choices, arch):
        if picked is None:
            continue
        choice, held = choices.choice(path), arch.picked_at(path)[picked]
        both = choice.inside(picked).choices
        ways = []
        for option in moves.alternatives(choices, arch, path, picked):
            new = Arch() if option is None else inside(path, option)
            own = () if option is None else choice.inside(option).choices
            kept = ((c.name, (held if c in both else new)[c.name]) for c in own)
            inner = Arch(tuple((name, tuple(options.items())) for name, options in kept))
            other = moves.replaced(arch, path, picked, option, inner)
            ways.append((price(choices.active(other), costs), other))
        less = [way for way in ways if way[0] < now]
        found += [max(less, key=lambda way: way[0])[1]] if less else []
    return list(dict.fromkeys(found))
