"""The work of a job, in steps that are stored one by one: whatever is stored is not done again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from gapless.core import Arch, Streams
from gapless.core.errors import BadRunFolder, Diverged, Interrupted
from gapless.core.training import Training
from gapless.data.batches import Names
from gapless.engine.checkpoint import Checkpoint, Checkpoints
from gapless.engine.folder import RunFolder, refusing_disk_errors
from gapless.engine.loop import search, units
from gapless.engine.run import Run
from gapless.engine.state import restore, snapshot
from gapless.evaluate.accuracy import accuracy
from gapless.evaluate.standalone import Trainee, train
from gapless.job import measure
from gapless.job.interrupt import Stopper
from gapless.job.plan import Plan
from gapless.job.show import Show
from gapless.nets.cost import count
from gapless.nets.seeded import seeded
from gapless.spaces.contract import Shape, subnet

ALL: Names = ("train", "val")
TOO_SOON = 5.0


@dataclass
class Work:
    """One job at work in its folder.

    Args:
        every: seconds that pass at least between two checkpoints.
    """

    plan: Plan
    folder: RunFolder
    show: Show
    stopper: Stopper
    every: float = TOO_SOON
    measured: dict[str, Any] = field(default_factory=dict)
    _run: Run | None = None

    def __post_init__(self) -> None:
        if (self.folder / "measured.json").exists():
            self.measured = self.folder.read_json("measured.json")

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
        """The search where its last checkpoint left it; a fresh one where there is none."""
        if self._run is None:
            plan = self.plan
            self._run = Run(plan.recipe, plan.space, plan.preset.search, plan.data, plan.streams, plan.device)
            saved = self._latest(self._checkpoints("search"))
            self.seconds = saved.values["seconds"] if saved else 0.0
            if saved:
                restore(self._run, saved.tensors, saved.values["run"])
        return self._run

    def search(self) -> Arch:
        """Runs the search to its end and stores the architecture."""
        if "arch" in self.measured:
            return Arch.from_json(self.measured["arch"]["arch"])
        run, checkpoints = self.run(), self._checkpoints("search")
        started, total = time.perf_counter() - self.seconds, units(run)
        last = time.perf_counter()

        def save() -> None:
            nonlocal last
            tensors, values = snapshot(run)
            seconds = time.perf_counter() - started
            checkpoints.write(run.total + len(run.history), tensors, self._stamped(values, seconds))
            last = time.perf_counter()

        def after(ended: bool) -> None:
            advance(_note(run))
            if self.stopper.asked:
                save()
                raise Interrupted(self._best_so_far(run))
            if time.perf_counter() - last >= self.every:
                save()
            if ended:
                self._trace(run)

        with self.show.track("searching", total, run.total + len(run.history)) as advance:
            arch = search(run, after)
        save()
        self._trace(run)
        seconds = time.perf_counter() - started
        self.folder.write_json("architecture.json", arch.to_json())
        self.store("arch", {"arch": arch.to_json(), "seconds": seconds, "steps": run.total})
        return arch

    def _best_so_far(self, run: Run) -> str:
        arch = run.recipe.select.arch(run)
        where = f"stopped at step {run.total}; continue with: gapless resume {self.folder.path}"
        if arch is None:
            return f"{where}; no architecture is known yet"
        self.folder.write_json("architecture.json", arch.to_json())
        return f"{where}; best so far: {run.space.text(arch)}"

    def _trace(self, run: Run) -> None:
        self.folder.write_csv("trace.csv", run.trace)
        self.folder.write_csv("alpha.csv", run.alpha_trace)

    # -- after the search -------------------------------------------------------------------------

    def shared(self, arch: Arch) -> None:
        """a0, a1, a2: what the super-network is worth on the audit split, whole and cut out."""
        if all(name in self.measured for name in ("a0", "a1", "a2")):
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

    def alone(self, arch: Arch, seed: int = 0) -> dict[str, Any]:
        """a3: the architecture trained alone, in the search's shape, by the search's recipe."""
        shape, training = self.plan.preset.search, self.plan.search_training()
        return self._train("search", arch, seed, shape, training, "train", "training, search shape")

    def deployed(self, arch: Arch, seed: int, title: str) -> dict[str, Any]:
        """a4: the architecture trained alone for use."""
        shape, training = self.plan.preset.deploy, self.plan.preset.training
        return self._train("deploy", arch, seed, shape, training, ALL, title)

    def random(self, i: int) -> Arch:
        """Random architecture number i of the baseline, drawn uniformly."""
        return self.plan.space.choices.sample(self.plan.streams.generator("baseline", i))

    def _train(
        self, role: str, arch: Arch, seed: int, shape: Shape, training: Training, split: Names, title: str
    ) -> dict[str, Any]:  # fmt: skip
        name = f"{role}-{arch.key}-{seed}"
        if name in self.measured:
            found: dict[str, Any] = self.measured[name]
            return found
        plan, streams = self.plan, self.plan.streams.child(role, seed)
        trainee = Trainee(self._fresh(arch, shape, streams), training, plan.data, split, streams, plan.device)
        checkpoints = self._checkpoints(name)
        saved = self._latest(checkpoints)
        spent = saved.values["seconds"] if saved else 0.0
        if saved:
            trainee.restore(saved.tensors, saved.values["run"])
        started = last = time.perf_counter()

        def after(ended: bool) -> None:
            nonlocal last
            advance("")
            now = time.perf_counter()
            if self.stopper.asked or now - last >= self.every:
                tensors, values = trainee.snapshot()
                checkpoints.write(
                    trainee.progress.step, tensors, self._stamped(values, spent + now - started)
                )
                last = now
            if self.stopper.asked:
                raise Interrupted(
                    f"stopped in a training; continue with: gapless resume {self.folder.path}; "
                    f"the architecture is found: {plan.space.text(arch)}"
                )

        with self.show.track(title, trainee.progress.steps, trainee.progress.step) as advance:
            train(trainee, after)
        from gapless.export.weights import save_network

        net = trainee.net.eval()
        cost = count(net, plan.data.shape)
        record: dict[str, Any] = {
            "arch": arch.to_json(),
            "seed": seed,
            "params": cost.parameters,
            "macs": cost.macs,
        }
        for part in ("audit", "test"):
            record[part] = measure.plain(accuracy(net, plan.data.ordered(part, measure.BATCH, plan.device)))
            if not math.isfinite(record[part]["loss"]):
                key = "weights.lr" if role == "search" else "training.weights.lr"
                raise Diverged(
                    expected=f"finite logits on the {part} split at the end of a training",
                    got="infinity or NaN after its last step",
                    do=f"lower the learning rate (--set {key}=...) or look at the data",
                )
        record["seconds"] = spent + time.perf_counter() - started
        with refusing_disk_errors(self.folder.path):
            (self.folder / "networks").mkdir(exist_ok=True)
        save_network(self.folder / f"networks/{name}.safetensors", net, {"arch": arch.key, "role": role})
        self.store(name, record)
        checkpoints.remove()
        return record

    def _fresh(self, arch: Arch, shape: Shape, streams: Streams) -> nn.Module:
        with seeded(streams.integer("init")):
            return subnet(self.plan.space, arch, shape, self.plan.data.shape)

    # -- checkpoints ------------------------------------------------------------------------------

    def _checkpoints(self, name: str) -> Checkpoints:
        return Checkpoints(self.folder / "checkpoint" / name)

    def _stamped(self, values: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        from gapless import __version__

        versions = {"gapless": __version__, "torch": torch.__version__}
        return {
            "fingerprint": self.plan.fingerprint,
            "versions": versions,
            "seconds": seconds,
            "run": dict(values),
        }

    def _latest(self, checkpoints: Checkpoints) -> Checkpoint | None:
        saved = checkpoints.latest()
        for line in checkpoints.damaged:
            self.show.say(line)
        if saved is not None and saved.values.get("fingerprint") != self.plan.fingerprint:
            raise BadRunFolder(
                expected=f"checkpoints of this search in '{self.folder.path}'",
                got="one of another search",
                do="take the foreign files out of its checkpoint folder, or start in another folder",
            )
        return saved


def stored_network(plan: Plan, folder: RunFolder, arch: Arch, seed: int) -> nn.Module:
    """A network that was trained for use, with its weights, on the plan's device, in evaluation mode."""
    from gapless.export.weights import load_state

    with seeded(0):
        net = subnet(plan.space, arch, plan.preset.deploy, plan.data.shape)
    net.load_state_dict(load_state(folder / f"networks/deploy-{arch.key}-{seed}.safetensors"))
    return net.to(plan.device).eval()


def _note(run: Run) -> str:
    """One figure that tells how it goes."""
    if run.history:
        return f"best {100 * max(r.metrics['accuracy'] for r in run.history):.1f} %"
    if "train_loss" in run.sums and run.device.type == "cpu":
        return f"loss {(run.sums['train_loss'] / run.sums['n/train_loss']).item():.3f}"
    return f"loss {run.trace[-1]['train_loss']:.3f}" if run.trace and "train_loss" in run.trace[-1] else ""
