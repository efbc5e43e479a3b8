"""A job from its first check to its report."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from gapless.core import Arch
from gapless.core.errors import BadRunFolder, GaplessError, Refused
from gapless.core.files import quoted
from gapless.data import Data
from gapless.engine.folder import RunFolder
from gapless.engine.panel import Judge
from gapless.engine.recipe import Recipe
from gapless.evaluate.cost import Limits
from gapless.evaluate.table import looked_up
from gapless.explore.limited import drawn
from gapless.job.alone import Errand
from gapless.job.decoded import decoded
from gapless.job.environment import environment, peak_memory
from gapless.job.findings import findings, trainings
from gapless.job.found import Found
from gapless.job.gap import Extent, Gap
from gapless.job.interrupt import listening
from gapless.job.limits import refusing_memory_errors
from gapless.job.plan import Plan, plan
from gapless.job.request import Request, moved, spoken
from gapless.job.show import Quiet, Show
from gapless.job.work import TOO_SOON, Work, stored_network
from gapless.spaces.contract import SearchSpace


def begin(planned: Plan, path: str | os.PathLike[str], show: Show | None = None) -> RunFolder:
    """Makes the run folder of a plan, once its networks were built for a try and its images were read.

    Raises:
        BadValue: a network cannot have the shape that was asked for; no architecture keeps to the limits.
        BadData: a damaged image.
        BadRunFolder: the place is taken or cannot be written.
    """
    planned.buildable()
    most: Limits | None = getattr(planned.recipe.select, "limits", None)
    if most is not None:
        allowed = most.check(planned.space, lambda: planned.data.shape, planned.device)
        drawn(allowed, planned.space.choices, planned.streams)
    decoded(planned.data, show or Quiet())
    header = {
        "request": planned.request.to_json(),
        "fingerprint": planned.fingerprint,
        "command": planned.request.command(str(path)),
        "environment": environment(planned.device),
    }
    return RunFolder.create(path, header)


def reopened(
    path: str | os.PathLike[str],
    space: SearchSpace | None = None,
    data: Data | None = None,
    recipe: Recipe | None = None,
    root: str | None = None,
    place: str | None = None,
) -> tuple[Plan, RunFolder]:
    """The plan and the folder of a run that was begun; objects that were given then are given again.

    Args:
        root: where data sets lie now; None for where they lay.
        place: ``folder:PATH`` where a folder of images was moved.

    Raises:
        BadRunFolder: no run there, one of a newer version, or what it needs has changed since.
    """
    folder = RunFolder.open(path)
    header = folder.read_object("run.json", command=str, environment=dict)
    if header.get("kind", "search") != "search":
        raise BadRunFolder(
            expected=f"a search in '{path}'",
            got="an exploration, which has no network of its own",
            do=f"continue it with 'gapless resume {quoted(path)}'",
        )
    request = moved(Request.from_json(header.get("request")), place)
    if root is not None:
        request = replace(request, root=root)
    given = {"space": space, "data": data, "method": recipe}
    if without := [name for name in request.objects if given[name] is None]:
        raise BadRunFolder(
            expected=f"the {' and the '.join(without)} that this run was given as a Python object",
            got="none",
            do=f"continue it from Python: {request.again(path)}",
        )
    planned = plan(request, space, data, recipe)
    if planned.fingerprint != header.get("fingerprint"):
        raise BadRunFolder(
            expected=f"the space, data, method and seed that '{path}' was begun with",
            got="others: the data, the space or this version's defaults have changed since",
            do="restore them, or start a new run in another folder",
        )
    return planned, folder


def carried_out(
    planned: Plan, folder: RunFolder, show: Show | None = None, every: float = TOO_SOON,
    budget: float | None = None, truth: str | None = None, again: str = "",
) -> Found:  # fmt: skip
    """Does all that the request asks for and that is not stored yet.

    Args:
        every: seconds between checkpoints.
        budget: seconds for the terms of the gap, after which nothing more of them is begun.
        truth: ``table:FILE,accuracy=COLUMN`` where sub-networks are not to be trained for the ranking.
        again: the command line that asks for the same once more; ``gapless resume`` where empty.

    Raises:
        Interrupted: Ctrl-C; everything up to the last whole step is stored.
        BadRunFolder: the folder is in use, or cannot be written.
        BadValue: there is not enough memory, or no such table.
        Diverged: a loss is not finite in the search or in a training of what it found.
    """
    request = planned.request
    known = None if truth is None else looked_up(planned.space, truth)
    with folder.locked(), refusing_memory_errors(), listening() as stopper:
        work = Work(planned, folder, show or Quiet(), stopper, every, again)
        arch = work.search()
        with _reported(work):
            work.once("candidates", lambda: _candidates(work, arch))
            written(work)
            if request.audit and (request.sample or not work.shares):
                work.run()  # refused before any training
            if request.audit:
                work.shared(arch)
            if request.audit and request.retrain and (archs := max(request.archs, work.baseline)):
                work.store("baseline", [work.random(i).name for i in range(archs)])
            if request.retrain:
                work.train(work.errands(arch))
                _export(work, arch)
            if request.audit and request.sample:
                written(work)
                extent = Extent(archs=request.sample, deployed=request.deployed)
                Gap(work, arch, extent, budget, known).measure()
            work.store("peak_mb", round(peak_memory(), 1))
            work.store("done", True)
    return Found(planned, folder)


def continued(
    planned: Plan, folder: RunFolder, show: Show | None = None, budget: float | None = None,
    truth: str | None = None, **changes: Any,
) -> Found:  # fmt: skip
    """Carries out a changed request on a run that was begun: more seeds, more random architectures."""
    changes = {name: value for name, value in changes.items() if value is not None}
    planned = replace(planned, request=replace(planned.request, **changes))
    asked = {name: value for name, value in changes.items() if name not in ("retrain", "audit")}
    asked |= {"budget": None if budget is None else spoken(budget), "truth": truth}
    again = _command("audit", planned, folder, **asked)
    return carried_out(planned, folder, show, budget=budget, truth=truth, again=again)


def _command(verb: str, planned: Plan, folder: RunFolder, **options: Any) -> str:
    """A command line on a run folder; data that were found elsewhere than at the beginning are named."""
    begun = folder.read_json("run.json")["request"]
    root = planned.request.root if planned.request.root != begun.get("root") else None
    if planned.request.objects:
        given = ", ".join(f"{name}={value!r}" for name, value in options.items() if value is not None)
        return f"{planned.request.again(folder.path)}.{verb}({given})"
    words = ["gapless", verb, str(folder.path)]
    for name, value in {**options, "root": root}.items():
        words += [] if value is None else [f"--{name}", str(value)]
    return shlex.join(words)


def trained(planned: Plan, folder: RunFolder, shape: str, show: Show | None = None) -> dict[str, Any]:
    """Trains the found architecture once more, alone, and returns the record.

    Raises:
        Interrupted: Ctrl-C; the same once more goes on with this very training.
        BadRunFolder: the search did not end yet, or the folder is in use.
    """
    with folder.locked(), refusing_memory_errors(), listening() as stopper:
        again = _command("retrain", planned, folder, shape=shape)
        work = Work(planned, folder, show or Quiet(), stopper, again=again)
        work.finished()
        arch = work.search()
        role = "deploy" if shape == "deploy" else "search"
        seed = len(trainings(work.measured, role, arch))
        errand = Errand(role, arch, seed)
        work.train([errand])
        written(work)
    found: dict[str, Any] = work.measured[errand.name]
    return found


def written(work: Work) -> None:
    """Writes ``findings.json`` and ``report.html`` from what is stored."""
    from gapless.report import write

    header = work.folder.read_json("run.json")
    work.folder.write_json("findings.json", findings(work.plan, work.measured, header))
    write(work.folder.path)


def _candidates(work: Work, arch: Arch) -> list[dict[str, Any]]:
    """What the search scored on its way: by its selection, or by a mask that has ``points``."""
    recipe = work.plan.recipe
    points = getattr(recipe.stages[-1].mask, "points", None)
    if recipe.select.evaluations == 0 and points is None:
        return []
    run, shown = work.run(), {"parameters": "params"}  # as everywhere in findings
    standings = dict[str, float]()
    if isinstance(recipe.select, Judge) and run.history:
        order = recipe.select.standings(run.history)
        standings = {r.arch.key: float(at) for r, at in zip(run.history, order, strict=True)}
    return [
        {
            "key": r.arch.key, "accuracy": r.metrics["accuracy"], "chosen": r.arch == arch,
            **({"standing": standings[r.arch.key]} if r.arch.key in standings else {}),
            **{shown.get(name, name): value for name, value in r.cost.items()},
        }
        for r in (*run.history, *(points(run) if points else ()))
    ]  # fmt: skip


@contextmanager
def _reported(work: Work) -> Iterator[None]:
    """However it ends, findings and report hold what was measured until then."""
    try:
        yield
    except Exception:
        with suppress(GaplessError):
            written(work)
        raise
    written(work)


def _export(work: Work, arch: Arch) -> None:
    """Weights and ONNX file of the network; where torch cannot export it, a line that says so."""
    from gapless.export.weights import save_network

    if "export" in work.measured:
        return
    plan, folder = work.plan, work.folder
    net = stored_network(plan, folder, arch, 0)
    data, about = plan.data, {"arch": arch.to_json(), "space": plan.space.name}
    meta = {**about, "classes": list(data.classes), "mean": list(data.mean), "std": list(data.std)}
    save_network(folder / "model.safetensors", net, meta)
    try:
        done = exported(plan, arch, net, folder / "model.onnx")
    except Refused as why:
        work.leave_out("export", f"there is no ONNX file: {why}")
    else:
        work.measured["left_out"] = {k: v for k, v in work.left_out.items() if k != "export"}
        work.store("export", done)


def exported(plan: Plan, arch: Arch, net: torch.nn.Module, onnx: Path) -> dict[str, Any]:
    """Writes the ONNX file of a trained network, checked against torch.

    Raises:
        Refused: the place cannot be written, or torch cannot export the network.
    """
    from gapless.export.onnx import to_onnx

    normalised = next(iter(plan.data.ordered("test", 64, "cpu")))[0]
    mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (plan.data.mean, plan.data.std))
    done = to_onnx(
        net, plan.data.shape, onnx, inputs=normalised * std + mean, mean=plan.data.mean, std=plan.data.std,
        classes=plan.data.classes, architecture=arch.key,
    )  # fmt: skip
    return done.to_json()
