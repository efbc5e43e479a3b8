"""The work of a job, in steps that are stored one by one: whatever is stored is not done again."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from gapless.core import Arch
from gapless.core.errors import BadRunFolder, Diverged, Interrupted, Refused
from gapless.engine.checkpoint import Checkpoint, Checkpoints
from gapless.engine.folder import RunFolder, unfinished
from gapless.engine.loop import search, units
from gapless.engine.run import Run, Use
from gapless.engine.state import restore, snapshot
from gapless.job.alone import SPARE, Errand, Setting, latest, on_threads, stamped, threads, trained
from gapless.job.crew import Crew, Unfit
from gapless.job.interrupt import Stopper
from gapless.job.plan import Plan
from gapless.job.show import Show
from gapless.measure import chain as measure
from gapless.nets.seeded import seeded
from gapless.spaces.contract import subnet

TOO_SOON = 5.0


@dataclass
class Work:
    """One job at work in its folder.

    Args:
        every: seconds that pass at least between two checkpoints.
        again: the command line that goes on with it when it was stopped; ``gapless resume`` where empty.
    """

    plan: Plan
    folder: RunFolder
    show: Show
    stopper: Stopper
    every: float = TOO_SOON
    again: str = ""
    measured: dict[str, Any] = field(default_factory=dict)
    _run: Run | None = None

    def __post_init__(self) -> None:
        self.again = self.again or self.plan.request.again(self.folder.path)
        if (self.folder / "measured.json").exists():
            self.measured = self.folder.read_object("measured.json")

    def store(self, name: str, value: Any) -> Any:
        """Keeps one result for good."""
        self.measured[name] = value
        self.folder.write_json("measured.json", self.measured)
        return value

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """A result that is made unless it is stored already."""
        return self.measured[name] if name in self.measured else self.store(name, make())

    # -- the search -------------------------------------------------------------------------------

    def run(self) -> Run:
        """The search where its last checkpoint left it; a fresh one where there is none.

        Raises:
            BadRunFolder: the search has ended, and its last checkpoint is missing or damaged.
        """
        if self._run is None:
            plan, checkpoints = self.plan, self._checkpoints("search")
            preset, ended = plan.preset, "arch" in self.measured
            saved = latest(checkpoints, plan, self.folder, None if ended else self.show)
            if ended:
                self._last(saved, checkpoints.damaged)
            self._run = Run(
                plan.recipe, plan.space, preset.search, plan.search_data, plan.streams, plan.device,
                Use(preset.deploy, plan.data.shape),
            )  # fmt: skip
            self.seconds = saved.values["seconds"] if saved else 0.0
            if saved:
                restore(self._run, saved.tensors, saved.values["run"])
        return self._run

    def _last(self, saved: Checkpoint | None, damaged: Sequence[str]) -> None:
        """Whether this is how the search ended; folders of before do not know the number of evaluations.

        Raises:
            BadRunFolder: it is not.
        """
        stored, got = self.measured["arch"], "no checkpoint"
        if saved is not None:
            run = saved.values["run"]
            steps, evaluations = run["total"], len(run["history"])
            last = stored["steps"], stored.get("evaluations", evaluations)
            if (steps, evaluations) == last and not damaged:
                return
            got = f"one of step {steps:,} with {evaluations:,} evaluations"
        raise BadRunFolder(
            expected=f"the last checkpoint of the search, step {stored['steps']:,}, in '{self.folder.path}'",
            got=f"{got}, for the last one is damaged" if damaged else got,
            do="restore its checkpoint folder, or search again in another folder",
        )

    def search(self) -> Arch:
        """Runs the search to its end and stores the architecture."""
        if "arch" in self.measured:
            return Arch.from_json(self.measured["arch"]["arch"])
        run, checkpoints = self.run(), self._checkpoints("search")
        started, total = time.perf_counter() - self.seconds, units(run)
        last = -math.inf  # the first at once: what cannot be saved is known early

        def save() -> None:
            nonlocal last
            tensors, values = snapshot(run)
            seconds = time.perf_counter() - started
            checkpoints.write(run.total + len(run.history), tensors, stamped(self.plan, values, seconds))
            self._trace(run)
            last = time.perf_counter()

        done = run.total + len(run.history)

        def after(_ended: bool) -> None:
            nonlocal done
            now = run.total + len(run.history)
            advance(_note(run), now - done)
            done = now
            if self.stopper.asked:
                save()
                raise Interrupted(self._best_so_far(run))
            if time.perf_counter() - last >= self.every:
                save()

        with self.show.track("searching", total, done) as advance:
            arch = search(run, after)
        save()
        seconds = time.perf_counter() - started
        self.folder.write_json("architecture.json", arch.to_json())
        cost = {"seconds": seconds, "threads": threads(self.plan.device)}
        self.store(
            "arch", {"arch": arch.to_json(), **cost, "steps": run.total, "evaluations": len(run.history)}
        )
        return arch

    def finished(self) -> None:
        """Raises:
        BadRunFolder: the search has not ended.
        """
        if "arch" not in self.measured:
            raise unfinished(self.folder.path)

    def _best_so_far(self, run: Run) -> str:
        arch = run.recipe.select.arch(run)
        where = f"stopped at step {run.total}; continue with: {self.again}"
        if arch is None:
            return f"{where}; no architecture is known yet"
        self.folder.write_json("architecture.json", arch.to_json())
        return f"{where}; best so far: {run.space.text(arch)}"

    def _trace(self, run: Run) -> None:
        if run.trace:
            self.folder.write_csv("trace.csv", run.trace)
            self.folder.write_csv("alpha.csv", run.alpha_trace)

    # -- after the search -------------------------------------------------------------------------

    @property
    def shares(self) -> bool:
        """Whether a0, a1 and a2 are stored."""
        return all(name in self.measured for name in ("a0", "a1", "a2"))

    def shared(self, arch: Arch) -> None:
        """a0, a1, a2: what the super-network is worth on the audit split, whole and cut out."""
        if self.shares:
            return
        run = self.run()
        with self.show.track("measuring the super-network", 3) as advance:
            for name, make in (
                ("a0", lambda: measure.mixture(run)),
                ("a1", lambda: measure.inherited(run, arch, recalibrated=False)),
                ("a2", lambda: measure.inherited(run, arch, recalibrated=True)),
            ):
                self.once(name, make)
                advance("")

    def errands(self, arch: Arch) -> list[Errand]:
        """All trainings that the request asks for: for use, and if audited in the search's shape and of
        random architectures."""
        request = self.plan.request
        found = [Errand("deploy", arch, seed) for seed in range(request.seeds)]
        if request.audit:
            found += [Errand("search", arch, 0), *map(self.random, range(request.archs))]
        return found

    @property
    def baseline(self) -> int:
        """Random architectures that were drawn so far, up to the last one that was trained."""
        trained = (int(r["seed"]) + 1 for name, r in self.measured.items() if name.startswith("baseline-"))
        counts: list[int] = [len(self.measured.get("baseline", ())), *trained]
        return max(counts)

    def random(self, i: int) -> Errand:
        """Random architecture number i of the baseline, drawn uniformly, trained like the found one."""
        arch = self.plan.space.choices.sample(self.plan.streams.generator("random architecture", i))
        return Errand("baseline", arch, i)

    def train(self, errands: Sequence[Errand]) -> None:
        """Does the errands that are not stored yet, as many at once as there are processors.

        Each has its share of the processors, which depends on how many errands there are and not on how
        many of them are done.

        Raises:
            Interrupted: Ctrl-C; everything up to the last whole step is stored.
            Diverged: a loss or a logit is not finite in a training that the job cannot do without.
        """
        try:
            self._train(errands)
        except Interrupted as stop:
            found = Arch.from_json(self.measured["arch"]["arch"])
            raise Interrupted(
                f"{stop}; continue with: {self.again}; "
                f"the architecture is found: {self.plan.space.text(found)}"
            ) from stop

    def _train(self, errands: Sequence[Errand]) -> None:
        plan, cores = self.plan, processors()
        todo = [errand for errand in errands if not self.settled(errand)]
        each = max(1, cores // max(1, len(errands)))
        together = min(len(todo), cores // each) if plan.device.type == "cpu" else 1
        setting = Setting.of(plan, self.folder.path, each, self.every) if together > 1 else None
        if setting is not None and self._together(todo, setting, together):
            return
        for errand in todo:
            if not self.settled(errand):
                try:
                    with on_threads(each, plan.device):
                        title = f"training {errand.role} {errand.seed}"
                        record = trained(
                            errand, plan, self.folder, title, self.show, self.stopper, self.every
                        )
                except Diverged as why:
                    if not self._spared(errand, why):
                        raise
                else:
                    self._done(errand, record)

    def _together(self, todo: Sequence[Errand], setting: Setting, together: int) -> bool:
        """Does errands in other processes; False where these cannot be given what they need."""
        plan = self.plan
        title = f"{len(todo)} trainings, {together} at once"
        with self.show.track(title, sum(errand.steps(plan) for errand in todo)) as advance:
            crew = Crew(
                setting, together, stored=self._done, progressed=lambda n: advance("", n), say=self.show.say,
                stopping=lambda: self.stopper.asked, spared=self._spared,
            )  # fmt: skip
            try:
                crew.do(todo)
            except Unfit as why:
                self.show.say(f"trainings run one after the other; no other process can do them ({why})")
                return False
        return True

    def _done(self, errand: Errand, record: dict[str, Any]) -> None:
        self.store(errand.name, record)
        self._checkpoints(errand.name).remove()

    def settled(self, errand: Errand) -> bool:
        return errand.name in self.measured or errand.name in self.left_out

    def _spared(self, errand: Errand, why: Refused) -> bool:
        """Leaves a training out that diverged, where the job can do without it; whether it can."""
        if errand.role not in SPARE or not isinstance(why, Diverged):
            return False
        self.leave_out(errand.name, f"the training {errand.name} diverged: {why}")
        self._checkpoints(errand.name).remove()
        return True

    @property
    def left_out(self) -> dict[str, str]:
        """What could not be done and the job goes on without, each with one line that says why."""
        found: dict[str, str] = self.measured.get("left_out", {})
        return found

    def leave_out(self, name: str, line: str) -> None:
        self.store("left_out", {**self.left_out, name: line})
        self.show.say(line)

    # -- checkpoints ------------------------------------------------------------------------------

    def _checkpoints(self, name: str) -> Checkpoints:
        return Checkpoints(self.folder / "checkpoint" / name)


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def stored_network(plan: Plan, folder: RunFolder, arch: Arch, seed: int) -> nn.Module:
    """A network that was trained for use, with its weights, on the plan's device, in evaluation mode."""
    from gapless.export.weights import load_state

    with seeded(0):
        net = subnet(plan.space, arch, plan.preset.deploy, plan.data.shape)
    net.load_state_dict(load_state(folder / f"networks/{Errand('deploy', arch, seed).name}.safetensors"))
    return net.to(plan.device).eval()


def _note(run: Run) -> str:
    """One figure that tells how it goes."""
    if run.history:
        return f"best {100 * max(r.metrics['accuracy'] for r in run.history):.1f} %"
    if "train_loss" in run.sums and run.device.type == "cpu":
        return f"loss {(run.sums['train_loss'] / run.sums['n/train_loss']).item():.3f}"
    return f"loss {run.trace[-1]['train_loss']:.3f}" if run.trace and "train_loss" in run.trace[-1] else ""
