"""Slim: a selection that makes the dearest sub-network cheaper, one option at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gapless.core import Arch, Space
from gapless.core.record import Record
from gapless.engine.run import Run
from gapless.engine.select import best, permission, within
from gapless.evaluate.cost import Limits
from gapless.evaluate.inherited import Inherited
from gapless.explore.random import Random
from gapless.explore.replay import Replay, scores
from gapless.nets.cost import KINDS
from gapless.parts.contract import Gates
from gapless.parts.sample.price import extreme, price
from gapless.spaces.contract import Chained

_REPLAY: Replay[tuple[Arch, tuple[Arch, ...]]] = Replay()


@dataclass(frozen=True)
class Slim:
    """Greedy slimming: of all ways to make one choice of the dearest sub-network a little cheaper the one
    that leaves it most accurate is taken, and again, until it costs what it may.

    A little cheaper is, at each choice of the space, the dearest of the options (with what they hold) that
    are cheaper than the present one. Without limits the way ends at the cheapest sub-network, and the most
    accurate on it is found; with limits the most accurate that keeps them. Where evaluations are spent
    before, the way goes on by what saves most, unscored. Reference: Yu & Huang 2019 (AutoSlim), section 3;
    JiahuiYu/slimmable_networks, train.py, slimming.

    Args:
        evaluations: how many sub-networks are scored at most.
        evaluator: how.
        cost: by what one is cheaper, ``macs`` or ``params`` of the super-network's operations.
        limits: what an architecture may cost, as a network for use.
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
            streams, scored = run.streams_of_run.child("recalibrate"), self.evaluator.scores
            run.history += scored(run.space, run.net, archs, run.net_shape, run.data, run.device, streams)

    def stand(self, run: Run) -> tuple[Arch, list[Arch]]:
        """The sub-network that was reached, and what has to be scored before it is left: none at the end."""
        costs, scored = run.costs(self.cost), scores(run.history)
        known, way = dict(scored), (self, run.choices, *((n, t.tobytes()) for n, t in costs.items()))
        dearest = extreme(run.choices, costs, dearest=True)
        at, near = _REPLAY.recall(way, scored) or (dearest, (dearest,))
        while near and all(arch in known for arch in near):
            at = max(near, key=known.__getitem__)
            ended = self.limits is not None and permission(self.limits, run)(at)
            near = () if ended else tuple(cheaper(run.choices, costs, at))
        _REPLAY.keep(way, scored, (at, near))
        return at, [arch for arch in near if arch not in known]

    def arch(self, run: Run) -> Arch | None:
        if not run.history:
            return None
        if self.limits is None:
            return best(run.history).arch
        allowed, kept = permission(self.limits, run), list[Record]()
        kept += (record for record in run.history if allowed(record.arch))
        if kept:
            return best(kept).arch
        (at, _), costs = self.stand(run), run.costs(self.cost)
        while near := cheaper(run.choices, costs, at):
            at = min(near, key=lambda arch: price(run.choices.active(arch), costs))
            if allowed(at):
                return at
        rng = run.streams_of_run.generator("slim")
        return within(Random(), self.limits, run).ask((), run.choices, rng, 1)[0]

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if stage.sample is None:
            yield "the selection 'slim' scores sub-networks by shared weights, but the stage has no sampler"
        if self.cost not in KINDS:
            yield f"the selection 'slim' counts {' or '.join(KINDS)}, not '{self.cost}'"


def cheaper(choices: Space, costs: Gates, arch: Arch) -> list[Arch]:
    """For each choice of a space the dearest of the neighbours that differ there and cost less."""
    now, found = price(choices.active(arch), costs), dict[str, tuple[float, Arch]]()
    for near in choices.neighbours(arch):
        cost = price(choices.active(near), costs)
        name = next(choice.name for choice in choices.choices if near[choice.name] != arch[choice.name])
        if cost < now and (name not in found or cost > found[name][0]):
            found[name] = cost, near
    return [near for _, near in found.values()]
