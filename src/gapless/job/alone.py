"""One stand-alone training of a job: resumed where it was, measured, its network stored."""

from __future__ import annotations

import ast
import math
import pickle
import runpy
import sys
import time
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from gapless.core import Arch
from gapless.core.errors import BadRunFolder, Diverged, Interrupted
from gapless.core.training import Training
from gapless.data.batches import Data, Names
from gapless.engine.checkpoint import Checkpoint, Checkpoints
from gapless.engine.folder import RunFolder, refusing_disk_errors
from gapless.evaluate.accuracy import accuracy
from gapless.evaluate.standalone import Trainee, train
from gapless.job.interrupt import Stopper
from gapless.job.plan import Plan
from gapless.job.plan import plan as make_plan
from gapless.job.request import Request
from gapless.job.show import Show
from gapless.measure import chain as measure
from gapless.nets.cost import count
from gapless.nets.seeded import seeded
from gapless.spaces.contract import Shape, subnet

ALL: Names = ("train", "val")
IN_SEARCH_SHAPE = ("search", "rank")
SPARE = ("baseline", "rank", "rank-deploy")
"""Of architectures that the job can do without."""
BETWEEN = ("between-recipe", "between-depth")
LARGEST = 256 << 20
"""Bytes of a data set as a Python object that are sent to another process."""


@dataclass(frozen=True)
class Errand:
    """A training to be done.

    Args:
        role: ``search`` (a3: the search's shape and recipe), ``deploy`` (a4), ``between-recipe`` and
            ``between-depth`` (see `gapless.job.between`), ``baseline`` (a random architecture, trained like
            the found one), ``rank`` or ``rank-deploy`` (one of the architectures that the audit ranks, in the
            one shape or the other).
    """

    role: str
    arch: Arch
    seed: int

    @property
    def name(self) -> str:
        """Of its record, its checkpoints and its network."""
        return f"{self.role}-{self.arch.key}-{self.seed}"

    def recipe(self, plan: Plan) -> tuple[Shape, Training, Names]:
        if self.role in IN_SEARCH_SHAPE:
            return plan.search_shape, plan.search_training(), plan.recipe.learns_from
        return self._shape(plan), plan.preset.training, ALL

    def _shape(self, plan: Plan) -> Shape:
        if self.role not in BETWEEN:
            return plan.preset.deploy
        depth = plan.preset.deploy.depth if self.role == "between-depth" else plan.search_shape.depth
        return replace(plan.search_shape, depth=depth)

    def data(self, plan: Plan) -> Data:
        """What the network sees."""
        return plan.search_data if self.role in IN_SEARCH_SHAPE else plan.data

    def steps(self, plan: Plan) -> int:
        _, training, split = self.recipe(plan)
        return training.epochs * self.data(plan).steps(split, training.batch)


@dataclass(frozen=True)
class Setting:
    """What all errands of a job have in common, as it is sent to other processes.

    Args:
        given: the plan with its data, pickled, so that nothing is read or decoded again; None where it
            cannot be and its request says everything.
        every: seconds between checkpoints.
        path: where this process imports from.
        main: the script that this process runs, where it has what the plan is made of.
    """

    request: Request
    given: bytes | None
    folder: str
    threads: int
    every: float
    path: tuple[str, ...] = ()
    main: str | None = None

    @classmethod
    def of(cls, plan: Plan, folder: Path, threads: int, every: float) -> Setting | None:
        """None where a Python object of the plan cannot be sent: of a script that cannot be imported, too
        large, or no value."""
        request, _known = plan.request, plan.fingerprint  # made here, it goes along
        try:
            given: bytes | None = pickle.dumps(plan)
        except Exception:
            given = None
        main = script() if given is not None and b"__main__" in given else None
        if given is not None and ((b"__main__" in given and main is None) or len(given) > LARGEST):
            given = None
        if given is None and "object" in (request.space, request.data, request.method):
            return None
        return cls(request, given, str(folder), threads, every, tuple(sys.path), main)

    def plan(self) -> Plan:
        """The plan, in the other process.

        Raises:
            Exception: whatever a module of the user's raises when it is imported there.
        """
        sys.path += [place for place in self.path if place not in sys.path]
        if self.main is not None:
            module = types.ModuleType("__mp_main__")  # as multiprocessing calls it
            module.__dict__.update(runpy.run_path(self.main, run_name=module.__name__))
            sys.modules[module.__name__] = sys.modules["__main__"] = module
        return make_plan(self.request) if self.given is None else pickle.loads(self.given)


def script() -> str | None:
    """The script that this process runs, where it can be imported: what it does stands behind
    ``if __name__ == "__main__"``."""
    main = sys.modules["__main__"]
    place = getattr(main, "__file__", None)
    if place is None or getattr(main, "__spec__", None) is not None:
        return None
    try:
        tree = ast.parse(Path(place).read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):
        return None
    tests = [ast.unparse(node.test) for node in tree.body if isinstance(node, ast.If)]
    return place if "__name__ == '__main__'" in tests else None


def trained(
    errand: Errand, plan: Plan, folder: RunFolder, title: str, show: Show, stopper: Stopper, every: float
) -> dict[str, Any]:
    """Does an errand and returns its record; nothing but its checkpoints and its network is written.

    Raises:
        Interrupted: Ctrl-C; everything up to the last whole step is stored.
        Diverged: a loss or a logit is not finite.
        BadRunFolder: the folder cannot be written, or holds another search's checkpoints.
    """
    (shape, training, split), data = errand.recipe(plan), errand.data(plan)
    streams = plan.streams.child(errand.role, errand.seed)
    with seeded(streams.integer("init")):
        net = subnet(plan.space, errand.arch, shape, data.shape)
    trainee = Trainee(net, training, data, split, streams, plan.device)
    checkpoints = Checkpoints(folder / "checkpoint" / errand.name)
    saved = latest(checkpoints, plan, folder, show)
    spent = saved.values["seconds"] if saved else 0.0
    if saved:
        trainee.restore(saved.tensors, saved.values["run"])
    started = last = time.perf_counter()

    def after(ended: bool) -> None:
        nonlocal last
        advance("")
        now = time.perf_counter()
        if stopper.asked or now - last >= every:
            tensors, values = trainee.snapshot()
            checkpoints.write(trainee.progress.step, tensors, stamped(plan, values, spent + now - started))
            last = now
        if stopper.asked:
            raise Interrupted("stopped in a training")

    with show.track(title, trainee.progress.steps, trainee.progress.step) as advance:
        train(trainee, after)
    record = _record(errand, plan, trainee.net.eval())
    record |= {"seconds": spent + time.perf_counter() - started, "threads": threads(plan.device)}
    from gapless.export.weights import save_network

    with refusing_disk_errors(folder.path):
        (folder / "networks").mkdir(exist_ok=True)
    about = {"arch": errand.arch.key, "role": errand.role}
    save_network(folder / f"networks/{errand.name}.safetensors", trainee.net, about)
    return record


def _record(errand: Errand, plan: Plan, net: torch.nn.Module) -> dict[str, Any]:
    data = errand.data(plan)
    cost = count(net, data.shape)
    record: dict[str, Any] = {
        "arch": errand.arch.to_json(), "seed": errand.seed, "params": cost.parameters, "macs": cost.macs,
    }  # fmt: skip
    for part in ("audit", "test"):
        record[part] = measure.plain(accuracy(net, data.ordered(part, measure.BATCH, plan.device)))
        if not math.isfinite(record[part]["loss"]):
            key = "weights.lr" if errand.role in IN_SEARCH_SHAPE else "training.weights.lr"
            raise Diverged(
                expected=f"finite logits on the {part} split at the end of a training",
                got="infinity or NaN after its last step",
                do=f"lower the learning rate (--set {key}=...) or look at the data",
            )
    return record


def threads(device: torch.device) -> int:
    """Those of the processor that compute here; 1 on another device, which one training has for itself."""
    return torch.get_num_threads() if device.type == "cpu" else 1


@contextmanager
def on_threads(number: int, device: torch.device) -> Iterator[None]:
    """Within, torch uses this many threads on the CPU."""
    before = torch.get_num_threads()
    if device.type == "cpu":
        torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def stamped(plan: Plan, values: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """What a checkpoint says beside its tensors."""
    from gapless import __version__

    versions = {"gapless": __version__, "torch": torch.__version__}
    return {
        "fingerprint": plan.fingerprint, "versions": versions, "seconds": seconds, "run": dict(values),
    }  # fmt: skip


def latest(checkpoints: Checkpoints, plan: Plan, folder: RunFolder, show: Show | None) -> Checkpoint | None:
    """The last whole checkpoint; None where there is none. ``show`` is told of damaged ones.

    Raises:
        BadRunFolder: it is of another search.
    """
    saved = checkpoints.latest()
    if show is not None:
        for line in checkpoints.damaged:
            show.say(line)
    if saved is not None and saved.values.get("fingerprint") != plan.fingerprint:
        raise BadRunFolder(
            expected=f"checkpoints of this search in '{folder.path}'",
            got="one of another search",
            do="take the foreign files out of its checkpoint folder, or start in another folder",
        )
    return saved
