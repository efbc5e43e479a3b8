"""The gap of a finished search, term by term: what an audit measures beyond the accuracy chain.

Every result is stored when it is there, so an audit that was stopped goes on. What a budget of time has no
room for is left out and said.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from gapless.core import Arch, Space
from gapless.core.errors import Interrupted
from gapless.core.record import Record
from gapless.engine.panel import Judge, placed
from gapless.evaluate.table import Table
from gapless.job.alone import Errand
from gapless.job.between import parts
from gapless.job.work import Work
from gapless.measure import candidates
from gapless.measure.line import POINTS, line
from gapless.measure.mathematical import mathematical
from gapless.measure.onward import free, onward
from gapless.nets.cost import Cost

PLACE = "gap/"
PAIR = 2
"""Trainings that are begun together within a budget."""
ALONE = "the search has left one architecture"
CALLED = {
    "line": "the line from mixture to architecture", "free": "the share of parameter-free operations",
    "sample": "sub-networks to rank", "recalibrated": "their scores", "kept": "their scores, statistics kept",
    "judged": "what the method thinks of them", "walks": "walks over the space",
    "neighbours": "neighbours of the best", "onward": "training the weights on",
    "mathematical": "the error of the alpha rule",
}  # fmt: skip


@dataclass(frozen=True)
class Extent:
    """How much is measured.

    Args:
        archs: sub-networks that are trained alone in the search's shape, to rank the shared weights by; those
            that the search has left where they are as many, and others of the space.
        twice: so many of them are trained with a second seed, to tell noise from difference.
        deployed: so many of them are trained in the deployment's shape as well.
        walks: random walks over the space, scored by shared weights.
        steps: of each walk.
        around: architectures whose neighbours are scored by shared weights: the one found, and the best ones
            on the walks.
        neighbours: of each at most; drawn where there are more.
        onward: share of the search's epochs that omega is trained on for.
        images: of the batches on which update rules are compared.
        evaluations: of the weights' objective, to converge them there.
        products: with the Hessian there, for each damping.
    """

    archs: int = 8
    twice: int = 4
    deployed: int = 0
    walks: int = 4
    steps: int = 8
    around: int = 3
    neighbours: int = 16
    onward: float = 0.2
    images: int = 32
    evaluations: int = 200
    products: int = 60


@dataclass
class Gap:
    """The measurements of one job.

    Args:
        budget: seconds after which nothing new is begun; None for as long as it takes.
        truth: accuracies that sampled sub-networks are held against instead of trainings of our own.
    """

    work: Work
    arch: Arch
    extent: Extent = Extent()
    budget: float | None = None
    truth: Table | None = None
    began: float = field(default_factory=time.perf_counter)
    left: list[str] = field(default_factory=list)

    def measure(self) -> None:
        """Does what is not stored yet, the cheap before the dear.

        Raises:
            Interrupted: Ctrl-C; everything up to the last whole measurement is stored.
        """
        run, extent = self.work.run, self.extent
        self._once("line", POINTS, lambda tell: line(run(), self.arch, advance=tell))
        self._once("free", 1, lambda tell: free(run(), self.arch))
        if len(self.sample) < min(extent.archs, run().space.choices.size()) and not self.over:
            roamed = ("walks", "neighbours") if self.alone else ()
            for name in ("sample", "recalibrated", "kept", "judged", "truth", *roamed):
                self.work.measured.pop(PLACE + name, None)
        self._once("sample", 1, lambda tell: self._sample())
        self._once("recalibrated", 1, lambda tell: self._shared(recalibrated=True))
        self._once("kept", 1, lambda tell: self._shared(recalibrated=False))
        if isinstance(run().recipe.select, Judge):
            self._once("judged", len(self.scorable), self._judged)
        if self.truth is not None:
            self.work.store(PLACE + "truth", self._truths(self.truth))
        else:
            self.work.measured.pop(PLACE + "truth", None)
        self._once("walks", 1, lambda tell: self._walks())
        if PLACE + "walks" in self.work.measured:
            self._once("neighbours", 1, lambda tell: self._neighbours())
        epochs = max(1, round(extent.onward * self.work.plan.recipe.stages[-1].epochs))
        steps = epochs * run().progress.steps // run().progress.epochs
        self._once("onward", steps, lambda tell: onward(run(), epochs, tell))
        self._once("mathematical", 4, lambda tell: mathematical(
            run(), extent.images, extent.evaluations, extent.products, advance=tell
        ))  # fmt: skip
        self._train()
        self._between()
        if self.left:
            self.work.show.say(
                f"the budget ended before: {', '.join(self.left)}; the same audit once more goes on with them"
            )

    @property
    def over(self) -> bool:
        """Whether the budget is used up."""
        return self.budget is not None and time.perf_counter() - self.began > self.budget

    def _once(self, name: str, steps: int, make: Callable[[Callable[[str], None]], dict[str, Any]]) -> None:
        work = self.work
        if PLACE + name in work.measured:
            return
        if self.over:
            self.left.append(CALLED[name])
            return
        with work.show.track(f"audit: {name}", steps) as advance:

            def tell(note: str) -> None:
                self._obey()
                advance(note)

            self._obey()
            began = time.perf_counter()
            found = make(tell)
        work.store(PLACE + name, {**found, "seconds": time.perf_counter() - began})

    def _obey(self) -> None:
        if self.work.stopper.asked:
            raise Interrupted(f"stopped in the audit; continue with: {self.work.again}")

    # -- sub-networks -----------------------------------------------------------------------------

    @property
    def alone(self) -> bool:
        """Whether masks of the search have left one architecture only."""
        return self.work.run().choices.size() == 1

    def _sample(self) -> dict[str, Any]:
        """Of what shared weights can score as many as there are, and the rest of the whole space."""
        run, n = self.work.run(), self.extent.archs

        def draw(choices: Space, name: str) -> dict[Arch, Cost]:
            streams = run.streams_of_run.child(name)
            return dict(candidates.drawn(run.space, choices, n, run.net_shape, run.data.shape, streams))

        found = {} if self.alone else draw(run.choices, "audit")
        if len(found) < min(n, run.space.choices.size()):
            whole = draw(run.space.choices, "audit, whole space")
            others = [arch for arch in _spread(list(whole)) if arch not in found]
            found |= {arch: whole[arch] for arch in others[: n - len(found)]}
        by_cost = sorted(found.items(), key=lambda pair: (pair[1].macs, pair[0].key))
        return {
            "archs": [
                {"arch": a.to_json(), "key": a.key, "macs": c.macs, "params": c.parameters}
                for a, c in by_cost
            ]
        }

    @property
    def sample(self) -> list[Arch]:
        """The sub-networks that are ranked, cheapest first; none before they were drawn."""
        there = self.work.measured.get(PLACE + "sample", {"archs": []})
        return [Arch.from_json(one["arch"]) for one in there["archs"]]

    @property
    def scorable(self) -> list[Arch]:
        """Those of the sample that the super-network still holds; none where it holds a single one."""
        left = self.work.run().choices
        return [] if self.alone else [arch for arch in self.sample if arch in left]

    def _shared(self, recalibrated: bool) -> dict[str, Any]:
        if self.alone:
            return {"missing": f"{ALONE}, so there is nothing to rank"}
        records = candidates.shared(self.work.run(), self.scorable, recalibrated)
        return {"scores": candidates.plain(records)}

    def _judged(self, tell: Callable[[str], None]) -> dict[str, Any]:
        """What the method itself would have thought of them, among all that it scored."""
        records, standings = placed(self.work.run(), self.scorable, lambda: tell(""))
        return {
            "scores": [
                {"key": record.arch.key, "accuracy": standing, "metrics": record.to_json()["metrics"]}
                for record, standing in zip(records, standings, strict=True)
            ]
        }

    def _truths(self, table: Table) -> dict[str, Any]:
        records = table(self.sample)
        return {"of": table.name, "accuracies": {r.arch.key: truth_of(r) for r in records}}

    def _walked(self) -> tuple[list[list[Arch]], list[Arch]]:
        """The walks, and every architecture on them once."""
        run, extent = self.work.run(), self.extent
        walks = []
        for i in range(extent.walks):
            streams = run.streams_of_run.child("walk", i)
            start = run.choices.sample(streams.generator("start"))
            walks.append(candidates.walk(run.choices, start, extent.steps, streams))
        return walks, list(dict.fromkeys(arch for one in walks for arch in one))

    def _walks(self) -> dict[str, Any]:
        run = self.work.run()
        if self.alone:
            return {"missing": f"{ALONE}, so there is nowhere to walk"}
        walks, every = self._walked()
        records = dict(zip(every, candidates.shared(run, every, recalibrated=True), strict=True))
        return {
            "walks": [[records[arch].metrics["accuracy"] for arch in one] for one in walks],
            "edits": [[candidates.edit(a, b) for a, b in pairwise(one)] for one in walks],
            "codes": [run.choices.encode(arch).astype(int).tolist() for arch in every],
            "scores": [records[arch].metrics["accuracy"] for arch in every],
        }

    def _neighbours(self) -> dict[str, Any]:
        """Scores of what lies around the found architecture and around the best ones on the walks."""
        run, extent = self.work.run(), self.extent
        if self.alone:
            return {"missing": f"{ALONE}, so it has no neighbours"}
        scores = zip(self._walked()[1], self.work.measured[PLACE + "walks"]["scores"], strict=True)
        best = [arch for arch, _ in sorted(scores, key=lambda pair: -pair[1]) if arch != self.arch]
        mine = [self.arch] if self.arch in run.choices else []
        centres = [*mine, *best][: extent.around]
        near = {
            arch: candidates.around(
                run.choices, arch, extent.neighbours, run.streams_of_run.child("around", i)
            )
            for i, arch in enumerate(centres)
        }
        every = list(dict.fromkeys([*centres, *(one for others, _ in near.values() for one in others)]))
        records = candidates.shared(run, every, recalibrated=True, advance=lambda share: self._obey())
        accuracy = {record.arch: record.metrics["accuracy"] for record in records}
        return {
            "around": [
                {
                    "key": arch.key, "found": arch == self.arch, "accuracy": accuracy[arch],
                    "neighbours": [accuracy[one] for one in others], "all": whole,
                }
                for arch, (others, whole) in near.items()
            ]
        }  # fmt: skip

    def _train(self) -> None:
        """Stand-alone trainings, in an order in which any number of them says something."""
        sample, extent = self.sample, self.extent
        spread = _spread(sample)
        errands = []
        if self.truth is None:
            errands += [Errand("rank", arch, 0) for arch in spread]
            errands += [Errand("rank", arch, 1) for arch in spread[: extent.twice]]
        errands += [Errand("rank-deploy", arch, 0) for arch in spread[: extent.deployed]]
        if self.budget is None:
            self.work.train(errands)
            return
        for i in range(0, len(errands), PAIR):
            if not self.over:
                self.work.train(errands[i : i + PAIR])
        self._missed(errands, "of sub-networks")

    def _between(self) -> None:
        """The found architecture in what lies between the search's shape and the deployment's."""
        plan, measured = self.work.plan, self.work.measured
        ends = (Errand(role, self.arch, 0).name for role in ("search", "deploy"))
        if all(name in measured for name in ends):
            errands = [part.errand for part in parts(plan, self.arch)[:-1]]
            if not self.over:
                self.work.train(errands)
            self._missed(errands, "between the search's shape and the deployment's")

    def _missed(self, errands: list[Errand], of: str) -> None:
        """Counts the trainings that there was no time for."""
        n = sum(not self.work.settled(errand) for errand in errands)
        if n and self.over:
            self.left.append(f"{n} training{'s' if n > 1 else ''} {of}")


def truth_of(record: Record) -> float:
    """What a table reports of an architecture; what a search would see where it reports nothing else."""
    return record.metrics.get("report", record.metrics["accuracy"])


def _spread(archs: list[Arch]) -> list[Arch]:
    """Sorted by cost to an order in which every beginning covers the whole range."""
    order, step = list[int](), 1 << max(0, (len(archs) - 1).bit_length())
    while step:
        order += [i for i in range(0, len(archs), step) if i not in order]
        step //= 2
    return [archs[i] for i in order]
